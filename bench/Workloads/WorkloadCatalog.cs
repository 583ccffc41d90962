using MagAlloc.Stress.Traces;

namespace MagAlloc.Bench.Workloads;

/// <summary>Every workload, in the order of the report.</summary>
internal static class WorkloadCatalog
{
    private const string TraceSuffix = ".trace.gz";

    public static IReadOnlyList<WorkloadEntry> All { get; } =
    [
        new("pair-64", "allocate and free one block of 64 bytes, over and over", () => new PairWorkload(64)),
        new("batch-256", "allocate 256 blocks of 64 bytes, free them last in, first out", () => new BatchWorkload(256)),
        new("random-4k-live", "16 to 4,096 bytes at random, 4,096 blocks alive", () => new RandomLiveWorkload()),
        new("producer-consumer", "one thread allocates 64 bytes, another frees them", () => new ProducerConsumerWorkload()),
        .. Replays(),
    ];

    // The traces that the stress program bundles come along with it into the output folder.
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
                () => new ReplayWorkload(name, TraceReader.Load(file)));
        });
    }
}
