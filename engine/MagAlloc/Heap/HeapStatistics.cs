namespace MagAlloc;

/// <summary>A snapshot of a heap's or pool's books.</summary>
/// <remarks>
/// Read without stopping anybody, so figures may be apart by what happened in between. While nobody allocates or frees they
/// add up: the allocated blocks of size classes + <see cref="CachedBlocks"/> + <see cref="FreeBlocks"/> =
/// <see cref="CapacityBlocks"/>.
/// </remarks>
public readonly record struct HeapStatistics
{
    /// <summary>Blocks of size classes that callers hold.</summary>
    public long AllocatedBlocks { get; init; }

    /// <summary>Bytes that callers hold, rounded up to size classes; runs included, rounded up to pages.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Blocks in thread caches and depots.</summary>
    public long CachedBlocks { get; init; }

    /// <summary>Bytes of <see cref="CachedBlocks"/>.</summary>
    public long CachedBytes { get; init; }

    /// <summary>The part of <see cref="CachedBytes"/> in threads' magazines.</summary>
    public long ThreadCachedBytes { get; init; }

    /// <summary>The part of <see cref="CachedBytes"/> in depots.</summary>
    public long DepotCachedBytes { get; init; }

    /// <summary>Free blocks in slabs.</summary>
    public long FreeBlocks { get; init; }

    /// <summary>Bytes of <see cref="FreeBlocks"/>. Memory stands behind those that were handed out before and not decommitted since.</summary>
    public long FreeBytes { get; init; }

    /// <summary>Blocks of all slabs.</summary>
    public long CapacityBlocks { get; init; }

    /// <summary>Blocks larger than the largest size class that callers hold.</summary>
    public long LargeBlocks { get; init; }

    /// <summary>Bytes that physical memory may stand behind, metadata included.</summary>
    public long CommittedBytes { get; init; }

    /// <summary>Highest <see cref="CommittedBytes"/> so far.</summary>
    public long PeakCommittedBytes { get; init; }

    /// <summary>The part of <see cref="CommittedBytes"/> that holds the arena's metadata.</summary>
    public long MetadataBytes { get; init; }

    /// <summary>Address space reserved, in bytes.</summary>
    public long ReservedBytes { get; init; }

    /// <summary>The part of <see cref="CommittedBytes"/> that lies in free chunks.</summary>
    public long DirtyBytes { get; init; }

    /// <summary>Living threads that have a cache.</summary>
    public long Threads { get; init; }

    /// <summary>Full magazines in depots.</summary>
    public long DepotMagazines { get; init; }

    /// <summary>Full magazines that moved between threads and depots, either way, since the start.</summary>
    public long DepotExchanges { get; init; }

    /// <summary>The part of <see cref="DepotExchanges"/> in which a thread took a full magazine out of a depot.</summary>
    public long DepotHits { get; init; }

    /// <summary>Batches that threads took from slabs since the start.</summary>
    public long SourceRefills { get; init; }

    /// <summary>Batches that threads returned to slabs since the start.</summary>
    public long SourceReturns { get; init; }

    /// <summary>Full magazines that reclaim passes returned to slabs since the start.</summary>
    public long ReclaimedMagazines { get; init; }

    /// <summary>Bytes decommitted since the start.</summary>
    public long DecommittedBytes { get; init; }

    /// <summary>Times that an allocation found no memory and flushed the caches before it tried again.</summary>
    public long OutOfMemoryFlushes { get; init; }

    /// <summary>Faults that the plan injected.</summary>
    public long InjectedFaults { get; init; }

    /// <summary>Misuses found.</summary>
    public long Misuses { get; init; }
}
