namespace MagAlloc.Bench.Gate;

/// <summary>Measures entries that are measured together.</summary>
internal interface IGateProbe
{
    IReadOnlyList<GateEntry> Entries { get; }

    /// <summary>A reading of each entry; the judge notices one that is not there.</summary>
    IEnumerable<Reading> Measure();
}
