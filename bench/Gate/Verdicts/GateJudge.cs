using MagAlloc.Bench.Gate.Baselines;

namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>
/// Compares readings with baselines. It goes by what the program can measure and by what the file holds alike: a gate that looked
/// at the common names only would pass when there are none. Pure: no clock, no files.
/// </summary>
internal sealed class GateJudge(BaselineFile file, Fingerprint here)
{
    /// <summary>Where exactness cannot be asked for, because the JIT is another one: part of the value.</summary>
    public const double ForeignAllowance = 0.1;

    /// <summary>The threshold of ratios on another machine: caches and pipelines there weigh both sides otherwise.</summary>
    public const double ForeignThreshold = 0.6;

    private const string Update = "run 'bench gate --update' and commit the file";

    private readonly bool _sameMachine = file.Fingerprint.IsSameMachine(here);
    private readonly bool _sameJit = file.Fingerprint.HasSameJit(here);
    private readonly bool _sameArchitecture = file.Fingerprint.Architecture == here.Architecture;

    /// <summary>One verdict for each entry of the program or the file, in the order of the program.</summary>
    /// <param name="entries">What the program measures, as far as it is asked for.</param>
    /// <param name="readings">What it measured.</param>
    /// <param name="wanted">Null: the whole file; else the names to look at.</param>
    public IReadOnlyList<Verdict> Judge(
        IReadOnlyList<GateEntry> entries,
        IReadOnlyList<Reading> readings,
        IReadOnlyCollection<string>? wanted = null)
    {
        List<Verdict> verdicts = [.. entries.GroupBy(e => e.Name).Select(same => Judge(same.First(), same.Count(), readings))];
        HashSet<string> known = [.. entries.Select(e => e.Name)];
        foreach (Baseline baseline in file.Entries.DistinctBy(b => b.Name).Where(b => !known.Contains(b.Name)))
        {
            if (wanted is null || wanted.Contains(baseline.Name))
            {
                verdicts.Add(Failure(
                    baseline,
                    null,
                    "missing: the baselines have it, the gate does not measure it. Restore the entry; "
                    + $"if it was removed or renamed on purpose, {Update}"));
            }
        }

        return verdicts;
    }

    private Verdict Judge(GateEntry entry, int copies, IReadOnlyList<Reading> readings)
    {
        Baseline[] baselines = [.. file.Entries.Where(b => b.Name == entry.Name)];
        Reading[] found = [.. readings.Where(r => r.Name == entry.Name)];
        Baseline shown = baselines.FirstOrDefault() ?? new Baseline(entry.Name, entry.Class, double.NaN, entry.Unit);
        double? measured = found.Length == 0 ? null : found[0].Value;
        if (copies > 1 || found.Length > 1)
            return Failure(shown, measured, "duplicate: the gate measures two entries of this name. Rename one of them");
        if (baselines.Length > 1)
            return Failure(shown, measured, $"duplicate: the baselines have it {baselines.Length} times. Delete all but one, or {Update}");
        if (baselines.Length == 0)
            return Failure(shown, measured, $"new: the baselines do not have it. If it was added or renamed on purpose, {Update}");
        if (shown.Class != entry.Class || shown.Unit != entry.Unit)
        {
            return Failure(
                shown,
                measured,
                $"changed: the gate measures it as {entry.Class} in {entry.Unit}, the baselines have {shown.Class} in {shown.Unit}. "
                + $"If that is meant, {Update}");
        }

        if (found.Length == 0)
            return Failure(shown, null, "not measured: the method is not in the JIT's listing, or the run ended early. Repair the probe");
        return Judge(entry, shown, found[0]);
    }

    private Verdict Judge(GateEntry entry, Baseline baseline, Reading reading)
    {
        bool mayBeZero = entry.Kind is EntryKind.Law or EntryKind.Count;
        if (reading.Operations <= 0 || !double.IsFinite(reading.Value) || reading.Value < 0 || (reading.Value == 0 && !mayBeZero))
        {
            return Failure(
                baseline,
                reading.Value,
                $"nothing measured: {Number(reading.Value)} over {reading.Operations} operations. Repair the probe");
        }

        if (!double.IsFinite(baseline.Value) || baseline.Value < 0 || (baseline.Value == 0 && !mayBeZero))
        {
            return Failure(
                baseline, reading.Value, $"the baseline is {Number(baseline.Value)}, which nothing can be compared with: {Update}");
        }

        return entry.Kind switch
        {
            EntryKind.Law => JudgeLaw(baseline, reading),
            EntryKind.Code => JudgeExact(baseline, reading, _sameJit, "runtime or architecture"),
            EntryKind.Count => JudgeExact(baseline, reading, _sameArchitecture, "architecture"),
            EntryKind.Ratio => RatioRule.Judge(baseline, reading, _sameMachine),
            _ => new Verdict(
                baseline.Name, baseline.Class, Outcome.Noted, reading.Value, baseline.Value, null, baseline.Unit, string.Empty),
        };
    }

    private static Verdict JudgeLaw(Baseline baseline, Reading reading)
    {
        if (reading.Value != 0)
        {
            return Failure(
                baseline,
                reading.Value,
                $"{Number(reading.Value)} {baseline.Unit}: must be 0, and no baseline can allow more. Remove it from the fast path",
                0);
        }

        return baseline.Value != 0
            ? Failure(baseline, 0, $"the baseline is {Number(baseline.Value)}, but this entry must be 0: {Update}", 0)
            : new Verdict(baseline.Name, baseline.Class, Outcome.Pass, 0, 0, 0, baseline.Unit, string.Empty);
    }

    private static Verdict JudgeExact(Baseline baseline, Reading reading, bool exact, string otherwise)
    {
        double value = reading.Value;
        double allowance = exact ? 0 : ForeignAllowance;
        double limit = baseline.Value * (1 + allowance);
        string note = exact ? string.Empty : $"another {otherwise} than the baseline's: within {allowance:P0}";
        if (value > limit)
        {
            return Failure(
                baseline,
                value,
                $"worse: {Change(baseline.Value, value)}. Undo the change that did it; if it is worth it, {Update}{Remark(note)}",
                limit);
        }

        if (value < baseline.Value * (1 - allowance))
            return Failure(baseline, value, $"improved: {Change(baseline.Value, value)}. Keep it: {Update}{Remark(note)}", limit);
        return new Verdict(baseline.Name, baseline.Class, Outcome.Pass, value, baseline.Value, limit, baseline.Unit, note);
    }

    private static Verdict Failure(Baseline baseline, double? measured, string text, double? limit = null)
    {
        double? recorded = double.IsNaN(baseline.Value) ? null : baseline.Value;
        return new Verdict(baseline.Name, baseline.Class, Outcome.Fail, measured, recorded, limit, baseline.Unit, text);
    }

    private static string Change(double from, double to) => Figures.Change(from, to);

    private static string Number(double value) => Figures.Number(value);

    private static string Remark(string note) => note.Length == 0 ? string.Empty : $" ({note})";
}
