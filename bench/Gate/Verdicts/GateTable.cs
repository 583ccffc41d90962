using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>Prints the gate's verdicts for a person: all in a table, then what is to be said of some.</summary>
internal static class GateTable
{
    public static void Print(ProgramConsole console, IReadOnlyList<Verdict> verdicts)
    {
        console.Grid(["entry", "class", "verdict", "measured", "baseline", "limit", "unit"], [.. verdicts.Select(Row)]);
        foreach (Verdict verdict in verdicts.Where(v => v.Text.Length != 0))
        {
            string text = $"{verdict.Name}: {verdict.Text}";
            if (verdict.Outcome == Outcome.Fail)
                console.Failure(text);
            else
                console.Line(text);
        }
    }

    public static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Fail => "FAIL",
        Outcome.Improved => "improved",
        Outcome.Noted => "noted",
        _ => "pass",
    };

    private static string[] Row(Verdict verdict) =>
    [
        verdict.Name,
        verdict.Class,
        Word(verdict.Outcome),
        Figures.Number(verdict.Measured),
        Figures.Number(verdict.Baseline),
        Figures.Number(verdict.Limit),
        verdict.Unit,
    ];
}
