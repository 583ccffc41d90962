namespace MagAlloc;

/// <summary>A snapshot of a <see cref="MagazineCache{TSource}"/>'s books; exact while no thread uses the cache.</summary>
public readonly record struct MagazineCacheStatistics
{
    /// <summary>Resources in thread caches and in the depot.</summary>
    public long CachedResources { get; init; }

    /// <summary>Living threads that have a cache.</summary>
    public long Threads { get; init; }

    /// <summary>Full magazines in the depot.</summary>
    public long DepotMagazines { get; init; }

    /// <summary>Full magazines that moved between threads and the depot, either way, since the start.</summary>
    public long DepotExchanges { get; init; }

    /// <summary>The part of <see cref="DepotExchanges"/> in which a thread took a full magazine out of the depot.</summary>
    public long DepotHits { get; init; }

    /// <summary>Batches that threads took from the source since the start.</summary>
    public long SourceRefills { get; init; }

    /// <summary>Batches that threads returned to the source since the start.</summary>
    public long SourceReturns { get; init; }

    /// <summary>Full magazines that reclaim passes returned to the source since the start.</summary>
    public long ReclaimedMagazines { get; init; }

    /// <summary>Bytes of magazines and thread caches.</summary>
    public long CommittedBytes { get; init; }
}
