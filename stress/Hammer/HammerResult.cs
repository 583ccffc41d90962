using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Hammer;

/// <summary>What a hammer run found.</summary>
internal sealed record HammerResult
{
    public required HammerOptions Options { get; init; }

    public TimeSpan Elapsed { get; init; }

    public bool Interrupted { get; init; }

    public long Operations { get; init; }

    public long Refused { get; init; }

    public long CrossThreadFrees { get; init; }

    public long ThreadsBorn { get; init; }

    public long BytesVerified { get; init; }

    public long Corruptions { get; init; }

    public long LeakedBlocks { get; init; }

    public long InjectedFaults { get; init; }

    /// <summary>At quiescence, after all was freed and trimmed.</summary>
    public HeapStatistics Statistics { get; init; }

    public required LatencyHistogram Latency { get; init; }

    public IReadOnlyList<string> Failures { get; init; } = [];

    public double OperationsPerSecond => Operations / Math.Max(Elapsed.TotalSeconds, 1e-9);
}
