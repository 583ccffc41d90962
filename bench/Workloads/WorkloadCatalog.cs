using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Bench.Workloads;

/// <summary>Every workload, in the order of the report.</summary>
internal static class WorkloadCatalog
{
    private const string TraceSuffix = ".trace.gz";
    private const int Million = 1 << 20;

    public static IReadOnlyList<WorkloadEntry> All { get; } =
    [
        .. Pairs(),
        .. Batches(),
        new("random-4k-live", "16 to 4,096 bytes at random, 4,096 blocks alive in each thread", ThreadRule.AnyFromOne,
            threads => new RandomLiveWorkload<TableSizes>("random-4k-live", 4096, new TableSizes(4096), threads)),
        new("random-1m-live", "16 to 256 bytes at random, a million blocks alive in all: beyond the caches", ThreadRule.AnyFromOne,
            threads => new RandomLiveWorkload<TableSizes>("random-1m-live", Million / threads, new TableSizes(256), threads)),
        new("producer-consumer", "one thread allocates 64 bytes, another frees them", ThreadRule.Exactly(2),
            _ => new ProducerConsumerWorkload()),
        new("xmalloc-test", "half of the threads allocate 64 bytes, the other half free them", ThreadRule.Pairs,
            threads => new XmallocWorkload(threads)),
        new("larson", "a server: threads replace blocks at random and leave them to their successors", ThreadRule.Any,
            threads => new LarsonWorkload(threads)),
        new("mstress", "a server: blocks of all life times, exchanged between threads and verified", ThreadRule.Any,
            threads => new MstressWorkload(threads)),
        new("glibc-thread", "4 to 32,768 bytes by the inverse square, 1,024 blocks alive in each thread", ThreadRule.Any,
            threads => new GlibcThreadWorkload(threads)),
        new("cache-scratch", "one byte: do threads get back the cache lines that another thread dealt out?", ThreadRule.Any,
            threads => new FalseSharingWorkload("cache-scratch", handOver: true, threads)),
        new("cache-thrash", "one byte: do threads get their blocks in each other's cache lines?", ThreadRule.Any,
            threads => new FalseSharingWorkload("cache-thrash", handOver: false, threads)),
        new("malloc-large", "buffers of 5 to 25 MiB, cleared, 20 alive", ThreadRule.One, _ => new MallocLargeWorkload()),
        new("mleak", "threads that live for one block, ten at a time", ThreadRule.One, _ => new MleakWorkload()),
        new("thread-churn", "short-lived threads that leave a quarter of their blocks to a successor", ThreadRule.Any,
            threads => new ThreadChurnWorkload(threads)),
        new("burst-idle", "256 MiB are allocated, written to and freed; what remains resident while nothing is called", ThreadRule.Any,
            threads => new BurstIdleWorkload(threads)),
        .. Replays(),
        .. LargeAndAged().Select(entry => entry with { Group = WorkloadGroup.LargeAndAged }),
        .. Alone().Select(entry => entry with { Group = WorkloadGroup.Alone }),
    ];

    private static IEnumerable<WorkloadEntry> Pairs()
    {
        (string Size, int Bytes)[] sizes =
        [
            ("16", 16), ("64", 64), ("256", 256), ("1024", 1024), ("4096", 4096), ("32k", 32 << 10), ("256k", 256 << 10), ("1m", 1 << 20),
        ];
        return sizes.Select(size =>
        {
            string name = $"pair-{size.Size}";
            return new WorkloadEntry(
                name,
                $"allocate and free one block of {Text.Count(size.Bytes)} bytes, over and over",
                ThreadRule.AnyFromOne,
                threads => new PairWorkload(name, size.Bytes, threads));
        });
    }

    private static IEnumerable<WorkloadEntry> Batches()
    {
        (string Prefix, string Words, BatchOrder Order)[] orders =
        [
            ("batch", "last in, first out", BatchOrder.LastInFirstOut),
            ("fifo", "first in, first out", BatchOrder.FirstInFirstOut),
        ];
        return
            from order in orders
            from batch in (int[])[16, 256, 4096]
            let name = $"{order.Prefix}-{batch}"
            select new WorkloadEntry(
                name,
                $"allocate {batch} blocks of 64 bytes, free them {order.Words}",
                ThreadRule.AnyFromOne,
                threads => new BatchWorkload(name, batch, order.Order, threads));
    }

    private static IEnumerable<WorkloadEntry> LargeAndAged() =>
    [
        RandomLive("random-64k-live", "16 bytes to 64 KiB", 16, 64 << 10),
        RandomLive("random-128k-live", "1 to 128 KiB", 1 << 10, 128 << 10),
        UntouchedPair("pair-2m", 2 << 20),
        UntouchedPair("pair-16m", 16 << 20),
        new("realloc-append", "one block grows by 64 bytes up to 256 KiB", ThreadRule.AnyFromOne,
            threads => new GrowthWorkload("realloc-append", Growth.Append, threads)),
        new("realloc-double", "one block doubles from 64 bytes up to 4 MiB", ThreadRule.AnyFromOne,
            threads => new GrowthWorkload("realloc-double", Growth.Double, threads)),
        new("pair-aligned-64", "allocate and free one block of 128 bytes, aligned to 64", ThreadRule.AnyFromOne,
            threads => new AlignedPairWorkload("pair-aligned-64", 128, 64, threads)),
        new("churn-idle", "300,000 blocks of 512 bytes to 2 KiB, 19 of 20 freed; what goes back while nothing is called", ThreadRule.One,
            _ => new ChurnIdleWorkload()),
        new("idle-threads", "200 threads do random work, free all and sleep; what they keep", ThreadRule.AnyFromMany,
            threads => new IdleThreadsWorkload(threads)),
    ];

    private static IEnumerable<WorkloadEntry> Alone() =>
    [
        new("two-heaps", "allocate and free 64 bytes in two heaps by turns", ThreadRule.One, _ => new TwoHeapsWorkload()),
        new("many-heaps", "make a heap, allocate and free 64 blocks in it, dispose of it", ThreadRule.One, _ => new ManyHeapsWorkload()),
        new("cold-start", "heap and first block of a process, all that this loads and compiles included", ThreadRule.One,
            _ => new ColdStartWorkload()),
    ];

    private static WorkloadEntry RandomLive(string name, string range, int smallest, int largest) => new(
        name,
        $"{range} at random, 4,096 blocks alive in each thread",
        ThreadRule.AnyFromOne,
        threads => new RandomLiveWorkload<DrawnSizes>(name, 4096, new DrawnSizes(smallest, largest), threads));

    private static WorkloadEntry UntouchedPair(string name, int bytes) => new(
        name,
        $"allocate and free one block of {Text.Bytes(bytes)}, over and over, without writing to it",
        ThreadRule.AnyFromOne,
        threads => new PairWorkload(name, bytes, threads, touches: false));

    // The traces that the stress program replays, too.
    private static IEnumerable<WorkloadEntry> Replays()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "traces");
        if (!Directory.Exists(folder))
            return [];
        return Directory.GetFiles(folder, "*" + TraceSuffix).Order(StringComparer.Ordinal).Select(file =>
        {
            string program = Path.GetFileName(file)[..^TraceSuffix.Length];
            string name = $"replay-{program}";
            return new WorkloadEntry(
                name,
                $"the allocator calls of {program}, on one thread",
                ThreadRule.One,
                _ => new ReplayWorkload(name, TraceReader.Load(file)));
        });
    }
}
