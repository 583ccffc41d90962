using System.Text.Json.Serialization;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Replay;

/// <summary>What the replay of one trace found.</summary>
internal sealed record ReplayResult
{
    public required string File { get; init; }

    /// <summary>Allocator calls of one pass: the records, and a free for each object that the program left behind.</summary>
    public long Events { get; init; }

    /// <summary>Allocator calls of all passes.</summary>
    public long Operations { get; init; }

    public int Threads { get; init; }

    public long Corruptions { get; init; }

    /// <summary>Wall time of the fastest timed pass over its events.</summary>
    public double NsPerEvent { get; init; }

    public long PeakLiveBytes { get; init; }

    /// <summary>Null where the allocator cannot tell (libc).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? PeakCommittedBytes { get; init; }

    /// <summary>After the last free, two reclaim intervals and a trim.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? EndCommittedBytes { get; init; }

    /// <summary>Largest growth of the process's resident set over the start of the verified pass, sampled.</summary>
    public long PeakResidentGrowthBytes { get; init; }

    /// <summary>Resident set of the process when all was freed and trimmed.</summary>
    public long EndResidentBytes { get; init; }

    public long LeakedBlocks { get; init; }

    public long DepotExchanges { get; init; }

    public long ReclaimedMagazines { get; init; }

    /// <summary>Durations of single allocator calls of the verified pass, one in 64.</summary>
    [JsonIgnore]
    public LatencyHistogram Latency { get; init; } = new();

    [JsonIgnore]
    public IReadOnlyList<string> Failures { get; init; } = [];

    public double? CommittedPerLive => PeakCommittedBytes / (double)Math.Max(PeakLiveBytes, 1);

    /// <summary>Null where the allocator cannot tell.</summary>
    public bool? WithinBudget => PeakCommittedBytes is { } peak && EndCommittedBytes is { } end
        ? MemoryBudget.Holds(PeakLiveBytes, peak, end)
        : null;
}
