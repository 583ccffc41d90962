using MagAlloc.Bench.Measurement;
using MagAlloc.Stress.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>Prints one workload's lines for a person.</summary>
internal static class ComparisonTable
{
    private const string Reference = "magalloc";
    private const string Nothing = "–";

    public static void Print(StressConsole console, string operation, IReadOnlyList<ComparisonLine> lines)
    {
        ComparisonLine? reference = lines.FirstOrDefault(line => line.Contender == Reference && line.Summary is not null)
            ?? lines.Where(line => line.Summary is not null).MinBy(line => line.Summary!.Median);
        string ratio = reference is null ? "ratio" : $"{reference.Contender} = 1";
        string[] headers = ["contender", "ns/op", "min..max", "Mop/s", ratio];
        console.Grid(headers, [.. lines.Select(line => Row(line, reference?.Summary))]);
        int count = reference?.Summary?.Rounds ?? 0;
        string rounds = count == 1 ? "1 round" : $"{count} rounds";
        console.Line($"op: {operation}; median and extremes of {rounds}; the last column is time, less is faster");
        foreach (ComparisonLine line in lines)
        {
            if (line.Reason is not null)
                console.Line($"{line.Contender}: {line.Reason}");
            else if (line.Summary is { Settled: false })
                console.Line($"{line.Contender}: the JIT was still at work after the longest warm-up; measure again on a quieter machine");
        }
    }

    private static string[] Row(ComparisonLine line, RoundSummary? reference)
    {
        if (line.Summary is not { } summary)
            return [line.Contender, line.Absent ? "absent" : "n/a", Nothing, Nothing, Nothing];
        return
        [
            line.Contender,
            Text.Number(summary.Median, "0.00"),
            $"{Text.Number(summary.Min, "0.00")}..{Text.Number(summary.Max, "0.00")}",
            Text.Number(summary.OperationsPerSecond / 1e6, "0.0"),
            reference is null ? Nothing : Text.Number(summary.Median / reference.Median, "0.00"),
        ];
    }
}
