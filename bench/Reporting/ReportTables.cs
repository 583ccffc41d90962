using MagAlloc.Bench.Measurement;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>The tables of the report: the summary first, then every workload with all its figures.</summary>
internal static class ReportTables
{
    private static readonly string[] s_headers =
    [
        "contender", "ns/op", "min", "max", "Mop/s", "peak MiB", "growth MiB", "p50 ns", "p99 ns", "p99.9 ns", "max ns",
    ];

    public static IEnumerable<ReportTable> Of(Scoreboard board)
    {
        if (board.Means.Count != 0)
            yield return new ReportTable("Summary", SummaryTable.Headers, [.. board.Events.Select(SummaryTable.Row)]);
        foreach (WorkloadEvent e in board.Events.Where(e => e.Measured.Count != 0))
        {
            IdleColumns? idle = IdleColumns.Of(e.Measured.Values);
            yield return new ReportTable(
                e.Title,
                idle is null ? s_headers : [.. s_headers[..7], .. idle.Headers],
                [.. e.Measured.Values.Select(line => Row(line, idle))]);
        }
    }

    /// <summary>A line for each contender and reason, with the workloads it is about.</summary>
    public static IReadOnlyList<string> Missing(Scoreboard board) =>
    [
        .. board.Lines.Where(line => line.Reason is not null)
            .GroupBy(line => (line.Contender, line.Reason))
            .Select(lines => $"{lines.Key.Contender} {lines.Key.Reason}: {Where(lines, board)}"),
    ];

    private static string Where(IEnumerable<ComparisonLine> lines, Scoreboard board)
    {
        string[] workloads = [.. lines.Select(line => line.Workload).Distinct()];
        int all = board.Lines.Select(line => line.Workload).Distinct().Count();
        return workloads.Length == all ? "all workloads" : string.Join(", ", workloads);
    }

    private static string[] Row(ComparisonLine line, IdleColumns? idle)
    {
        RoundSummary summary = line.Summary!;
        string[] common =
        [
            line.Contender,
            Figure.Nanoseconds(summary.Median),
            Figure.Nanoseconds(summary.Min),
            Figure.Nanoseconds(summary.Max),
            Text.Number(summary.OperationsPerSecond / 1e6, "0.0"),
            Figure.Mebibytes(line.Resident?.PeakBytes),
            Figure.Mebibytes(line.Resident?.GrowthBytes),
        ];
        return idle is not null
            ? [.. common, .. idle.Cells(line.Idle)]
            :
            [
                .. common,
                Figure.Whole(line.Latency?.P50),
                Figure.Whole(line.Latency?.P99),
                Figure.Whole(line.Latency?.P999),
                Figure.Whole(line.Latency?.Max),
            ];
    }
}
