using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Sharing;

/// <summary>What a run found.</summary>
internal sealed record ShareResult
{
    public required ShareOptions Options { get; init; }

    public TimeSpan Elapsed { get; init; }

    public bool Interrupted { get; init; }

    /// <summary>Frames handed to an importer.</summary>
    public long Handovers { get; init; }

    /// <summary>Frames that came back and were verified here, and those that importers said they had verified.</summary>
    public long Verified { get; init; }

    public long Kills { get; init; }

    /// <summary>Those of importers that had not connected yet: nothing was to be got back.</summary>
    public long EarlyKills { get; init; }

    /// <summary>Kills after which it took longer than <see cref="ShareRun.ReclaimBound"/> until everything was back.</summary>
    public long LateReclaims { get; init; }

    /// <summary>The longest time in which no frame came back.</summary>
    public TimeSpan LongestPause { get; init; }

    public long Episodes { get; init; }

    public long Corruptions { get; init; }

    public long QuotaOverruns { get; init; }

    /// <summary>Requests that a quota refused, as it should.</summary>
    public long Refused { get; init; }

    /// <summary>Bytes that were not back at the end, by the books or by what processes have mapped.</summary>
    public long UnreclaimedBytes { get; init; }

    public long DescriptorGrowth { get; init; }

    /// <summary>From each SIGKILL of an importer that had connected until all that it held was back.</summary>
    public required LatencyHistogram Reclaim { get; init; }

    /// <summary>From each release of what a rogue holds until its bytes were back, the grace of <see cref="ShareRun.OrphanTimeout"/> included.</summary>
    public required LatencyHistogram Revocation { get; init; }

    public BufferQueueStatistics Statistics { get; init; }

    public IReadOnlyList<string> Failures { get; init; } = [];
}
