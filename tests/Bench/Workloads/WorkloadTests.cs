using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>Every workload frees what it allocates, once, and writes to it, whoever the contender is.</summary>
public sealed class WorkloadTests
{
    [TestCaseSource(typeof(WorkloadNames), nameof(WorkloadNames.All))]
    public void A_workload_frees_each_block_once_and_has_written_to_it(string name)
    {
        WorkloadEntry entry = WorkloadNames.Entry(name);
        using Workload workload = entry.Create(entry.Threads.Default);

        OracleBooks books = CellRun.Watched(workload, slices: 2);

        Assert.Multiple(() =>
        {
            Assert.That(books.Mistakes, Is.Empty);
            Assert.That(books.Live, Is.Empty);
            Assert.That(books.Allocations, Is.Not.Zero);
        });
        if (workload.BlockBytes is { } bytes)
            Assert.That(books.Sizes.Keys, Is.EqualTo(new[] { (nuint)bytes }));
    }

    [Test]
    public void A_workload_of_any_number_of_threads_runs_on_more_than_there_are_processors(
        [ValueSource(nameof(OnManyThreads))] string name)
    {
        using Workload workload = WorkloadNames.Entry(name).Create(4);

        OracleBooks books = CellRun.Watched(workload, slices: 1);

        Assert.Multiple(() =>
        {
            Assert.That(books.Mistakes, Is.Empty);
            Assert.That(books.Live, Is.Empty);
            Assert.That(books.Threads, Has.Count.GreaterThanOrEqualTo(4));
        });
    }

    [TestCaseSource(typeof(WorkloadNames), nameof(WorkloadNames.All))]
    public void A_workload_leaves_the_books_of_a_heap_balanced(string name)
    {
        WorkloadEntry entry = WorkloadNames.Entry(name);
        using Workload workload = entry.Create(entry.Threads.Default);
        using NativeHeap heap = new();
        using HeapContender<SharedSession<HeapSession>, HeapSession> calls =
            new("calls", new SharedSession<HeapSession>(new HeapSession(heap)));
        using HeapContender<HandleContender, HandleSession> handle = new("handle", new HandleContender(heap));

        CellRun.Execute(workload, calls, slices: 2);
        Books.BalanceEmpty(heap, "after the default calls");
        CellRun.Execute(workload, handle, slices: 2);
        Books.BalanceEmpty(heap, "after the handle");
    }

    [Test]
    public void A_contender_runs_every_workload_that_it_does_not_object_to(
        [Values("magalloc-pool", "native-memory", "array-pool", "memory-pool", "concurrent-queue", "locked-stack")] string name)
    {
        using Contender contender = ContenderCatalog.All.Single(entry => entry.Name == name).Create();
        int runs = 0;
        foreach (string workloadName in WorkloadNames.All)
        {
            WorkloadEntry entry = WorkloadNames.Entry(workloadName);
            using Workload workload = entry.Create(entry.Threads.Default);
            if (contender.Objection(workload) is not null)
                continue;
            CellRun.Execute(workload, contender, slices: 1);
            runs++;
        }

        Assert.That(runs, Is.GreaterThanOrEqualTo(8));
    }

    [TestCase("larson", 2, 5)]
    [TestCase("thread-churn", 2, 6)]
    [TestCase("mleak", 1, 10)]
    [TestCase("mstress", 2, 1)]
    public void Threads_are_born_in_every_slice_and_have_ended_afterwards(string name, int lanes, int atLeast)
    {
        using Workload workload = WorkloadNames.Entry(name).Create(lanes);

        OracleBooks books = CellRun.Watched(workload, slices: 4);

        // The lanes themselves have ended too.
        Assert.That(books.Threads, Has.Count.GreaterThanOrEqualTo(lanes + atLeast));
        Assert.That(books.Threads.Keys.Where(thread => thread.IsAlive), Is.Empty);
    }

    [TestCase("larson", 8, 999)]
    [TestCase("glibc-thread", 4, 32768)]
    [TestCase("random-4k-live", 16, 4096)]
    [TestCase("random-1m-live", 16, 256)]
    [TestCase("malloc-large", 5 << 20, 25 << 20)]
    [TestCase("thread-churn", 16, 1024)]
    [TestCase("random-64k-live", 16, 64 << 10)]
    [TestCase("random-128k-live", 1 << 10, 128 << 10)]
    [TestCase("realloc-append", 64, 256 << 10)]
    [TestCase("realloc-double", 64, 4 << 20)]
    [TestCase("idle-threads", 1, 32 << 10)]
    public void Sizes_are_those_of_the_catalogue(string name, int smallest, int largest)
    {
        using Workload workload = WorkloadNames.Entry(name).Create(1);

        OracleBooks books = CellRun.Watched(workload, slices: 3);

        long range = largest - smallest;
        Assert.Multiple(() =>
        {
            Assert.That((long)books.Sizes.Keys.Min(), Is.InRange(smallest, smallest + (range / 4)));
            Assert.That((long)books.Sizes.Keys.Max(), Is.InRange(largest - (range / 4), largest));
        });
    }

    [Test]
    public void Half_of_the_sizes_of_glibc_thread_are_eight_bytes_at_most()
    {
        using Workload workload = WorkloadNames.Entry("glibc-thread").Create(1);

        OracleBooks books = CellRun.Watched(workload, slices: 4);

        long small = books.Sizes.Where(size => size.Key <= 8).Sum(size => size.Value);
        Assert.That((double)small / books.Allocations, Is.InRange(0.5, 0.6));
    }

    [TestCase("realloc-append")]
    [TestCase("realloc-double")]
    public void A_block_grows_by_the_same_steps_each_time(string name)
    {
        using Workload workload = WorkloadNames.Entry(name).Create(1);

        OracleBooks books = CellRun.Watched(workload, slices: 1);

        bool appends = name == "realloc-append";
        int steps = appends ? 4096 : 17;
        Assert.That(
            books.Sizes.Keys.Order(),
            Is.EqualTo(Enumerable.Range(0, steps).Select(i => appends ? (nuint)(64 * (i + 1)) : (nuint)64 << i)));
        Assert.That(books.Sizes.Values.Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public void Every_block_of_pair_aligned_64_is_aligned_to_64()
    {
        using Workload workload = WorkloadNames.Entry("pair-aligned-64").Create(1);

        OracleBooks books = CellRun.Watched(workload, slices: 1);

        Assert.That(books.Alignments, Is.EquivalentTo(new[] { KeyValuePair.Create((nuint)64, books.Allocations) }));
    }

    [Test]
    public void Churn_idle_leaves_one_of_twenty_blocks_until_the_next_round()
    {
        using Workload workload = new ChurnIdleWorkload();
        OracleBooks books = new();
        Cell cell = workload.EnterHeap<OracleContender, OracleSession>(new OracleContender(books));
        cell.Prepare(0);
        books.Sizes.Clear();
        Assert.That(books.Live, Is.Empty);

        cell.Run(0, 2);

        Assert.Multiple(() =>
        {
            Assert.That(books.Sizes, Is.EquivalentTo(new Dictionary<nuint, long> { [512] = 300_000, [1024] = 200_000, [2048] = 100_000 }));
            Assert.That(books.Live, Has.Count.EqualTo(15_000));
            Assert.That(books.Live.Values.Count(bytes => bytes == 1024), Is.InRange(4_500, 5_500));
        });
        cell.Clean(0);
        Assert.That(books.Live, Is.Empty);
        Assert.That(books.Mistakes, Is.Empty);
    }

    [Test]
    public void Idle_threads_share_out_what_is_left_without_the_one_that_rehearsed([Values(1, 16)] int threads)
    {
        using Workload workload = WorkloadNames.Entry("idle-threads").Create(threads);
        HeapContender<OracleContender, OracleSession> oracle = new("oracle", new OracleContender(new OracleBooks()));
        Cell cell = oracle.Enter(workload);

        CellRun.Execute(cell, threads, slices: 1);

        Assert.That(cell.IdleThreads, Is.EqualTo(Math.Max(1, threads - 1)));
        Assert.That(cell.IdleBaseline is > 0, Is.EqualTo(OperatingSystem.IsLinux()));
    }

    private static IEnumerable<string> OnManyThreads() =>
        WorkloadNames.All.Where(name => WorkloadNames.Entry(name).Threads.Accepts(4));
}
