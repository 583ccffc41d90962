namespace MagAlloc.Iova;

/// <summary>The caches of one order of an <see cref="IovaDomain"/>. Read without stopping anybody.</summary>
public readonly record struct IovaOrderStatistics
{
    /// <summary>Pfns of a range of this order.</summary>
    public long Size { get; init; }

    /// <summary>Ranges in thread caches and in the depot.</summary>
    public long CachedRanges { get; init; }

    /// <summary>Full magazines in the depot.</summary>
    public long DepotMagazines { get; init; }
}
