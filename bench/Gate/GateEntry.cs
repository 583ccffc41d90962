namespace MagAlloc.Bench.Gate;

/// <summary>An entry that this program can measure. Its name is stable: the baselines refer to it.</summary>
internal sealed record GateEntry(string Name, EntryKind Kind, string Unit)
{
    /// <summary>The class by which the baselines name the kind: "exact", "ratio" or "report".</summary>
    public string Class => Kind switch
    {
        EntryKind.Ratio => "ratio",
        EntryKind.Report => "report",
        _ => "exact",
    };

    /// <summary>Of a ratio: the threshold that a new baseline gets.</summary>
    public double Threshold { get; init; }

    /// <summary>Of a ratio: the floor, in nanoseconds per operation, that a new baseline gets.</summary>
    public double FloorNs { get; init; }
}
