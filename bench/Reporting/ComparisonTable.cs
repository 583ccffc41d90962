using MagAlloc.Bench.Children;
using MagAlloc.Bench.Measurement;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>Prints one workload's lines for a person.</summary>
internal static class ComparisonTable
{
    public static void Print(ProgramConsole console, ChildComparison comparison, IReadOnlyList<ComparisonLine> lines)
    {
        ComparisonLine? reference = lines.FirstOrDefault(line => line.Contender == Scoreboard.Engine && line.Summary is not null)
            ?? lines.Where(line => line.Summary is not null).MinBy(line => line.Summary!.Median);
        IdleColumns? idle = IdleColumns.Of(lines);
        console.Grid(Headers(reference, idle), [.. lines.Select(line => Row(line, reference?.Summary, idle))]);
        if (reference?.Summary is { } summary)
            PrintLegend(console, comparison, summary, idle);
        foreach (IGrouping<string, ComparisonLine> same in lines.Where(line => line.Remark is not null).GroupBy(line => line.Remark!))
            console.Line($"{string.Join(", ", same.Select(line => line.Contender))}: {same.Key}");
        foreach (ComparisonLine line in lines)
        {
            if (line.Failed)
                console.Failure($"{line.Contender}: {line.Reason}");
            else if (line.Reason is not null)
                console.Line($"{line.Contender}: {line.Reason}");
            else if (line.Summary is { Settled: false })
                console.Line($"{line.Contender}: the JIT was still at work after the longest warm-up; measure again on a quieter machine");
        }
    }

    private static string[] Headers(ComparisonLine? reference, IdleColumns? idle)
    {
        string ratio = reference is null ? "ratio" : $"{reference.Contender} = 1";
        string[] common = ["contender", "ns/op", "min..max", "Mop/s", ratio, "memory MiB"];
        return idle is null ? [.. common, "p50 ns", "p99 ns", "p99.9 ns"] : [.. common, .. idle.Headers];
    }

    private static void PrintLegend(ProgramConsole console, ChildComparison comparison, RoundSummary summary, IdleColumns? idle)
    {
        string rounds = summary.Rounds == 1 ? "1 round" : $"{summary.Rounds} rounds";
        console.Line($"op: {comparison.Operation}; median and extremes of {rounds}; the ratio is of times, less is faster");
        console.Line(idle is not null
            ? $"memory: what the bursts added to the resident set; {idle.Legend}"
            : "memory: growth of the resident set up to its peak; p50 to p99.9: of single allocations, with reading the clock");
        if (comparison.Groups > 1)
            console.Line($"measured in {comparison.Groups} groups, one after the other: the memory does not hold all at a time");
    }

    private static string[] Row(ComparisonLine line, RoundSummary? reference, IdleColumns? idle)
    {
        IReadOnlyList<string> last = idle is not null
            ? idle.Cells(line.Idle)
            : [Figure.Whole(line.Latency?.P50), Figure.Whole(line.Latency?.P99), Figure.Whole(line.Latency?.P999)];
        if (line.Summary is not { } summary)
            return [line.Contender, Word(line), .. Enumerable.Repeat(Figure.Nothing, 4), .. last];
        return
        [
            line.Contender,
            Figure.Nanoseconds(summary.Median),
            $"{Figure.Nanoseconds(summary.Min)}..{Figure.Nanoseconds(summary.Max)}",
            Text.Number(summary.OperationsPerSecond / 1e6, "0.0"),
            Figure.Ratio(summary.Median / reference?.Median),
            Figure.Mebibytes(line.Resident?.GrowthBytes),
            .. last,
        ];
    }

    private static string Word(ComparisonLine line) => line.Failed ? "failed" : line.Absent ? "absent" : "n/a";
}
