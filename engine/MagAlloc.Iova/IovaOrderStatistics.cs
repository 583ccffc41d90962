namespace MagAlloc.Iova;

/// <summary>The caches of one order of an <see cref="IovaDomain"/>. Read without stopping anybody.</summary>
public readonly record struct IovaOrderStatistics
{
    /// <summary>Pfns of a range of this order.</summary>
    public long Size { get; internal init; }

    /// <summary>Ranges in thread caches and in the depot.</summary>
    public long CachedRanges { get; internal init; }

    /// <summary>Full magazines in the depot.</summary>
    public long DepotMagazines { get; internal init; }
}
