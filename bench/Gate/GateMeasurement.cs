using MagAlloc.Bench.Children;

namespace MagAlloc.Bench.Gate;

/// <summary>Runs the probes behind a choice of entries.</summary>
/// <param name="wanted">Null: all.</param>
/// <param name="failed">Told when a probe breaks off; its entries have no reading then.</param>
internal sealed class GateMeasurement(IReadOnlyCollection<string>? wanted, Action<string> failed)
{
    public IReadOnlyList<GateEntry> Entries { get; } = [.. GateCatalog.Entries.Where(e => wanted is null || wanted.Contains(e.Name))];

    public IReadOnlyList<Reading> Run() => Run(Entries);

    /// <summary>Measures some of the entries, and what is measured with them.</summary>
    public IReadOnlyList<Reading> Run(IReadOnlyList<GateEntry> entries)
    {
        HashSet<string> names = [.. entries.Select(e => e.Name)];
        List<Reading> readings = [];
        foreach (IGateProbe probe in GateCatalog.Probes.Where(p => p.Entries.Any(e => names.Contains(e.Name))))
        {
            try
            {
                readings.AddRange(probe.Measure().Where(reading => names.Contains(reading.Name)));
            }
            catch (ChildFailedException e)
            {
                failed($"{probe.Entries[0].Name}: {e.Message}");
            }
        }

        return readings;
    }
}
