using MagAlloc.Bench.Gate.Rounds;

namespace MagAlloc.Bench.Gate.Baselines;

/// <summary>Makes baselines of the readings of several runs. Pure.</summary>
internal static class BaselineUpdate
{
    private const int RatioDecimals = 4;

    /// <summary>
    /// The new file: what was measured in place of what <paramref name="old"/> has of the same names. Thresholds and floors stay as
    /// they are there.
    /// </summary>
    /// <param name="entries">What was measured.</param>
    /// <param name="runs">Its readings.</param>
    /// <param name="old">Null when there is none.</param>
    /// <param name="here">Of this machine.</param>
    /// <param name="all">True when everything was measured: what the gate does not know is dropped then.</param>
    /// <param name="flaws">Why there can be no baselines; empty when there can.</param>
    public static BaselineFile Make(
        IReadOnlyList<GateEntry> entries,
        IReadOnlyList<IReadOnlyList<Reading>> runs,
        BaselineFile? old,
        Fingerprint here,
        bool all,
        out IReadOnlyList<string> flaws)
    {
        List<string> found = [];
        Dictionary<string, Baseline> measured = [];
        foreach (GateEntry entry in entries)
        {
            double[] values = [.. runs.SelectMany(run => run).Where(r => r.Name == entry.Name && r.Operations > 0).Select(r => r.Value)];
            if (Flaw(entry, values, runs.Count) is { } flaw)
                found.Add($"{entry.Name}: {flaw}");
            else if (!measured.TryAdd(entry.Name, BaselineOf(entry, values, old?.Entries.FirstOrDefault(b => b.Name == entry.Name))))
                found.Add($"{entry.Name}: the gate measures two entries of this name");
        }

        flaws = found;
        IReadOnlyList<Baseline> kept = all ? [] : old?.Entries ?? [];
        IEnumerable<string> order = GateCatalog.Entries.Select(e => e.Name).Concat(kept.Select(b => b.Name)).Distinct();
        IEnumerable<Baseline?> made = order.Select(name => measured.GetValueOrDefault(name) ?? kept.FirstOrDefault(b => b.Name == name));
        return new BaselineFile(here, [.. made.OfType<Baseline>()]);
    }

    private static Baseline BaselineOf(GateEntry entry, double[] values, Baseline? old)
    {
        double median = Quantile.Median(values);
        if (entry.Kind is EntryKind.Ratio or EntryKind.Report)
            median = Math.Round(median, RatioDecimals);
        return new Baseline(entry.Name, entry.Class, median, entry.Unit)
        {
            Threshold = entry.Kind == EntryKind.Ratio ? old?.Threshold ?? entry.Threshold : null,
            FloorNs = entry.Kind == EntryKind.Ratio ? old?.FloorNs ?? entry.FloorNs : null,
        };
    }

    private static string? Flaw(GateEntry entry, double[] values, int runs)
    {
        if (values.Length != runs)
            return $"measured in {values.Length} of {runs} runs";
        if (Array.Find(values, value => !double.IsFinite(value) || value < 0) is var odd && odd != 0)
            return $"measured as {odd}";
        if (entry.Kind == EntryKind.Law && values.Any(value => value != 0))
            return $"measured as {values.Max()} {entry.Unit}; it must be 0, and no baseline can allow more";
        if (entry.Class == "exact" && values.Distinct().Count() != 1)
            return $"not the same in every run: {string.Join(", ", values)}";
        return entry.Kind is not (EntryKind.Law or EntryKind.Count) && values.Any(value => value == 0) ? "measured as 0" : null;
    }
}
