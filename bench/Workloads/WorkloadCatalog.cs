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
            threads => new RandomLiveWorkload("random-4k-live", 4096, 4096, threads)),
        new("random-1m-live", "16 to 256 bytes at random, a million blocks alive in all: beyond the caches", ThreadRule.AnyFromOne,
            threads => new RandomLiveWorkload("random-1m-live", Million / threads, 256, threads)),
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
