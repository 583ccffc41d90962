using MagAlloc.Stress.Hammer;
using MagAlloc.Stress.InitSweep;
using MagAlloc.Stress.Iova;
using MagAlloc.Stress.Replay;
using MagAlloc.Stress.Reporting.Timeline;
using MagAlloc.Stress.Sharing;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Reporting;

/// <summary>
/// The outcome of one invocation, whatever its parts: a hammer run, replays, an init sweep, a run on address ranges, one with shared buffers. Sums what can be
/// summed and takes the largest of what cannot; this is what the JSON file holds and what decides the exit code.
/// </summary>
internal sealed class RunReport(string command, ulong seed)
{
    private readonly List<string> _failures = [];
    private readonly List<ReplayResult> _traces = [];
    private readonly List<ComponentResult> _components = [];

    public string Command { get; } = command;

    public ulong Seed { get; } = seed;

    public bool Passed => _failures.Count == 0;

    public IReadOnlyList<string> Failures => _failures;

    public IReadOnlyList<ReplayResult> Traces => _traces;

    public IReadOnlyList<ComponentResult> Components => _components;

    public HammerResult? Hammer { get; private set; }

    public IovaStressResult? Iova { get; private set; }

    public ShareResult? Share { get; private set; }

    /// <summary>What the run looked like while it went on; null where nobody asked for a page.</summary>
    public RunTimeline? Timeline { get; init; }

    public bool Interrupted { get; set; }

    public TimeSpan Elapsed { get; set; }

    public long Operations { get; private set; }

    public long Corruptions { get; private set; }

    public long LeakedBlocks { get; private set; }

    public long InjectedFaults { get; private set; }

    public long DepotExchanges { get; private set; }

    public long ReclaimedMagazines { get; private set; }

    public long PeakCommittedBytes { get; private set; }

    public long EndCommittedBytes { get; private set; }

    public LatencyHistogram Latency { get; } = new();

    /// <summary>Operations over the time of the part that is made for throughput (hammer, iova), else of the whole run.</summary>
    public double OperationsPerSecond =>
        Hammer?.OperationsPerSecond ?? Iova?.OperationsPerSecond ?? Operations / Math.Max(Elapsed.TotalSeconds, 1e-9);

    public void Add(HammerResult result)
    {
        Hammer = result;
        Interrupted |= result.Interrupted;
        Operations += result.Operations;
        Corruptions += result.Corruptions;
        LeakedBlocks += result.LeakedBlocks;
        InjectedFaults += result.InjectedFaults;
        DepotExchanges += result.Statistics.DepotExchanges;
        ReclaimedMagazines += result.Statistics.ReclaimedMagazines;
        CountCommitted(result.Statistics.PeakCommittedBytes, result.Statistics.CommittedBytes);
        Latency.Merge(result.Latency);
        _failures.AddRange(result.Failures);
    }

    public void Add(ReplayResult result)
    {
        _traces.Add(result);
        Operations += result.Operations;
        Corruptions += result.Corruptions;
        LeakedBlocks += result.LeakedBlocks;
        DepotExchanges += result.DepotExchanges;
        ReclaimedMagazines += result.ReclaimedMagazines;
        CountCommitted(result.PeakCommittedBytes ?? 0, result.EndCommittedBytes ?? 0);
        Latency.Merge(result.Latency);
        _failures.AddRange(result.Failures);
    }

    public void Add(ComponentResult result)
    {
        _components.Add(result);
        Operations += result.Attempts;
        InjectedFaults += result.InjectedFaults;
        Latency.Merge(result.Latency);
        _failures.AddRange(result.Failures);
    }

    /// <summary>A range with two owners counts as a corruption, one that did not come home as a leak.</summary>
    public void Add(IovaStressResult result)
    {
        Iova = result;
        Interrupted |= result.Interrupted;
        Operations += result.Operations;
        Corruptions += result.Overlaps;
        LeakedBlocks += result.LostRanges;
        DepotExchanges += result.Statistics.DepotExchanges;
        ReclaimedMagazines += result.Statistics.ReclaimedMagazines;
        CountCommitted(result.Statistics.CommittedBytes, result.Statistics.CommittedBytes);
        Latency.Merge(result.Latency);
        _failures.AddRange(result.Failures);
    }

    /// <summary>A frame that is handed over counts as an operation.</summary>
    public void Add(ShareResult result)
    {
        Share = result;
        Interrupted |= result.Interrupted;
        Operations += result.Handovers;
        Corruptions += result.Corruptions;
        CountCommitted(result.Statistics.PeakBytes, result.UnreclaimedBytes);
        _failures.AddRange(result.Failures);
    }

    private void CountCommitted(long peak, long end)
    {
        PeakCommittedBytes = Math.Max(PeakCommittedBytes, peak);
        EndCommittedBytes = Math.Max(EndCommittedBytes, end);
    }
}
