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

    private static IEnumerable<string> OnManyThreads() =>
        WorkloadNames.All.Where(name => WorkloadNames.Entry(name).Threads.Accepts(4));
}
