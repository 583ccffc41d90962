namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>The values of one workload in a chart of ratios.</summary>
internal sealed record MarkGroup(string Name, IReadOnlyList<Mark> Marks);
