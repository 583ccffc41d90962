namespace MagAlloc.Bench.Gate;

/// <summary>What is asked of an entry.</summary>
internal enum EntryKind
{
    /// <summary>Exact, and 0 on every machine: no baseline can allow more.</summary>
    Law,

    /// <summary>Exact where runtime and architecture are those of the baseline: another JIT makes other code.</summary>
    Code,

    /// <summary>Exact where the architecture is that of the baseline: counted, not timed.</summary>
    Count,

    /// <summary>Time against the reference in the same rounds.</summary>
    Ratio,

    /// <summary>For people; never fails by its value.</summary>
    Report,
}
