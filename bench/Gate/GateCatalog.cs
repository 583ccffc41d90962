using MagAlloc.Bench.Gate.Code;
using MagAlloc.Bench.Gate.Counts;
using MagAlloc.Bench.Gate.Rounds;
using MagAlloc.Bench.Iova;

namespace MagAlloc.Bench.Gate;

/// <summary>Everything that the gate measures, in the order of its table and of the baselines.</summary>
internal static class GateCatalog
{
    private const string TraceSuffix = ".trace.gz";

    // Several times what the ratios drift from run to run (docs/performance/gate.md has the figures), half of what must be noticed. Two
    // threads also depend on which of them the system disturbs.
    private const double Threshold = 0.1;
    private const double ThresholdOfTwoThreads = 0.15;

    private static readonly (string Program, string File)[] s_traces = Traces();

    public static IReadOnlyList<IGateProbe> Probes { get; } =
    [
        new HotMethodProbe(),
        new ManagedBytesProbe(),
        new DepotExchangeProbe(),
        new IovaProbe(),
        .. OperatingSystem.IsLinux() ? [new HandOverProbe()] : Array.Empty<IGateProbe>(),
        .. s_traces.Select(trace => new TraceMemoryProbe(trace.Program, trace.File)),
        new RatioProbe("pair-64", Threshold, profiled: true, "magalloc", "magalloc-handle", "magalloc-pool"),
        new RatioProbe(IovaRounds.Workload, Threshold, profiled: true, IovaContender.DomainName)
        {
            Reference = IovaComparison.HeapName,
            Unit = "× the heap's pair",
        },
        new RatioProbe("batch-256", Threshold, profiled: false, "magalloc"),
        new RatioProbe("random-4k-live", Threshold, profiled: true, "magalloc"),
        new RatioProbe("producer-consumer", ThresholdOfTwoThreads, profiled: true, "magalloc"),
        .. s_traces.Select(trace => new RatioProbe($"replay-{trace.Program}", Threshold, profiled: true, "magalloc")),
    ];

    public static IReadOnlyList<GateEntry> Entries { get; } = [.. Probes.SelectMany(probe => probe.Entries)];

    private static (string Program, string File)[] Traces()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "traces");
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*" + TraceSuffix) : [];
        return [.. files.Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file)[..^TraceSuffix.Length], file))];
    }
}
