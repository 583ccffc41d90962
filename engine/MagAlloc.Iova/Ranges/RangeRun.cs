namespace MagAlloc.Iova.Ranges;

/// <summary>What one pass over the free runs of a <see cref="RangeTree"/> looks for, and what it found.</summary>
internal ref struct RangeRun
{
    /// <summary>Length of the range.</summary>
    public ulong Units;

    /// <summary>The first unit is a multiple of 2^Alignment.</summary>
    public int Alignment;

    /// <summary>No unit of the range is above this one.</summary>
    public ulong Last;

    /// <summary>The first unit of the range that was claimed.</summary>
    public ulong First;

    /// <summary>The word of this pass (<see cref="RangeLongest.OfPass"/>); 0 before it is needed.</summary>
    public ulong Pass;

    /// <summary>Claims of the whole request that met somebody else and were undone.</summary>
    public long GaveUp;

    /// <summary>Words and entries looked at.</summary>
    public long Steps;
}
