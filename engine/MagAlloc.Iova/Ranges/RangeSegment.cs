namespace MagAlloc.Iova.Ranges;

/// <summary>Neighbouring pieces of a range on one level of a <see cref="RangeTree"/>, under one parent.</summary>
internal struct RangeSegment
{
    /// <summary>First unit.</summary>
    public ulong First;

    /// <summary>Last unit.</summary>
    public ulong Last;

    /// <summary>0: units inside one leaf; else whole entries of that level.</summary>
    public int Level;
}
