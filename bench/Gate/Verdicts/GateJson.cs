using MagAlloc.Bench.Gate.Baselines;

namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>The machine-readable verdicts. Names of properties are the keys, and part of the program's contract: add, never rename.</summary>
internal sealed class GateJson(bool pass, Fingerprint recorded, Fingerprint here, IReadOnlyList<Verdict> verdicts)
{
    public string Command => "gate";
    public bool Pass => pass;
    public Fingerprint Baseline => recorded;
    public Fingerprint Machine => here;
    public IEnumerable<Entry> Entries => verdicts.Select(v => new Entry(
        v.Name, v.Class, GateTable.Word(v.Outcome).ToLowerInvariant(), v.Measured, v.Baseline, v.Limit, v.Unit, v.Text));

    internal sealed record Entry(
        string Name, string Class, string Verdict, double? Measured, double? Baseline, double? Limit, string Unit, string Text);
}
