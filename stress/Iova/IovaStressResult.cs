using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Iova;

/// <summary>What a run found.</summary>
internal sealed record IovaStressResult
{
    public required IovaStressOptions Options { get; init; }

    public TimeSpan Elapsed { get; init; }

    public bool Interrupted { get; init; }

    public long Operations { get; init; }

    public long Refused { get; init; }

    public long Proofs { get; init; }

    public long CrossThreadFrees { get; init; }

    public long ThreadsBorn { get; init; }

    public long Overlaps { get; init; }

    public long Violations { get; init; }

    public long LostRanges { get; init; }

    public long FalseExhaustions { get; init; }

    /// <summary>Operations in each second of the run.</summary>
    public IReadOnlyList<long> Throughput { get; init; } = [];

    /// <summary>Ranges in the tree, cached ones included, at the end of each second.</summary>
    public IReadOnlyList<long> Ranges { get; init; } = [];

    /// <summary>Full magazines in the depots at the end of each second.</summary>
    public IReadOnlyList<long> DepotMagazines { get; init; } = [];

    /// <summary>When the lanes had ended, before anything was flushed.</summary>
    public IovaStatistics Statistics { get; init; }

    public required LatencyHistogram Latency { get; init; }

    public IReadOnlyList<string> Failures { get; init; } = [];

    public double OperationsPerSecond => Operations / Math.Max(Elapsed.TotalSeconds, 1e-9);

    /// <summary>
    /// Throughput of the last quarter of the run over that of the first, each by its median second and without the very first one, in
    /// which code is compiled and caches fill; 1 when there are too few.
    /// </summary>
    public double Drift
    {
        get
        {
            long[] settled = [.. Throughput.Skip(1)];
            int quarter = settled.Length / 4;
            return quarter == 0 ? 1 : Median(settled[^quarter..]) / Median(settled[..quarter]);
        }
    }

    private static double Median(long[] values)
    {
        long[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0;
    }
}
