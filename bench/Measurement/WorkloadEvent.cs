using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Measurement;

/// <summary>All contenders that were measured at one workload on one number of threads.</summary>
/// <param name="Workload">Stable name.</param>
/// <param name="Threads">Of the workload.</param>
/// <param name="Measured">The lines with figures, by contender.</param>
/// <param name="BestPeer">The fastest native library in its best case; null without any.</param>
internal sealed record WorkloadEvent(
    string Workload,
    int Threads,
    IReadOnlyDictionary<string, ComparisonLine> Measured,
    ComparisonLine? BestPeer)
{
    /// <summary>With which workloads it is summed up.</summary>
    public WorkloadGroup Group { get; init; }

    /// <summary>A contender's line; null when it has no figures.</summary>
    public ComparisonLine? this[string contender] => Measured.GetValueOrDefault(contender);

    /// <summary>The workload that has aged the heap; null for a new heap.</summary>
    public string? AgedBy { get; init; }

    /// <summary>Name of the workload, with the number of threads when that is not one, and with what has aged its heap.</summary>
    public string Title => TitleOf(Workload, Threads, AgedBy);

    public static string TitleOf(string workload, int threads, string? agedBy) =>
        $"{workload}{(threads == 1 ? "" : $", {threads} threads")}{(agedBy is null ? "" : $", aged by {agedBy}")}";

    /// <summary>How many times faster a contender is than another; null when one of them has no figures.</summary>
    public double? Advantage(string contender, ComparisonLine? over) =>
        this[contender]?.Summary is { } own && over?.Summary is { } other ? other.Median / own.Median : null;
}
