using MagAlloc.Events;

namespace MagAlloc;

/// <summary>A snapshot of a heap's or pool's books.</summary>
/// <remarks>
/// Read without stopping anybody, so figures may be apart by what happened in between. While nobody allocates or frees they
/// add up: the allocated blocks of size classes + <see cref="CachedBlocks"/> + <see cref="FreeBlocks"/> =
/// <see cref="CapacityBlocks"/>.
/// </remarks>
public readonly record struct HeapStatistics
{
    private readonly Ledger _ledger;

    internal HeapStatistics(in Ledger ledger) => _ledger = ledger;

    /// <summary>Blocks of size classes that callers hold.</summary>
    public long AllocatedBlocks { get => _ledger.AllocatedBlocks; internal init => _ledger.AllocatedBlocks = value; }

    /// <summary>Bytes that callers hold, rounded up to size classes; runs included, rounded up to pages.</summary>
    public long AllocatedBytes { get => _ledger.AllocatedBytes; internal init => _ledger.AllocatedBytes = value; }

    /// <summary>Blocks in thread caches and depots.</summary>
    public long CachedBlocks { get => _ledger.CachedBlocks; internal init => _ledger.CachedBlocks = value; }

    /// <summary>Bytes of <see cref="CachedBlocks"/>.</summary>
    public long CachedBytes { get => _ledger.CachedBytes; internal init => _ledger.CachedBytes = value; }

    /// <summary>The part of <see cref="CachedBytes"/> in threads' magazines.</summary>
    public long ThreadCachedBytes { get => _ledger.ThreadCachedBytes; internal init => _ledger.ThreadCachedBytes = value; }

    /// <summary>The part of <see cref="CachedBytes"/> in depots.</summary>
    public long DepotCachedBytes { get => _ledger.DepotCachedBytes; internal init => _ledger.DepotCachedBytes = value; }

    /// <summary>Free blocks in slabs.</summary>
    public long FreeBlocks { get => _ledger.FreeBlocks; internal init => _ledger.FreeBlocks = value; }

    /// <summary>Bytes of <see cref="FreeBlocks"/>. Memory stands behind those that were handed out before and not decommitted since.</summary>
    public long FreeBytes { get => _ledger.FreeBytes; internal init => _ledger.FreeBytes = value; }

    /// <summary>Blocks of all slabs.</summary>
    public long CapacityBlocks { get => _ledger.CapacityBlocks; internal init => _ledger.CapacityBlocks = value; }

    /// <summary>Blocks larger than the largest size class that callers hold.</summary>
    public long LargeBlocks { get => _ledger.LargeBlocks; internal init => _ledger.LargeBlocks = value; }

    /// <summary>Bytes that physical memory may stand behind, metadata included.</summary>
    public long CommittedBytes { get => _ledger.CommittedBytes; internal init => _ledger.CommittedBytes = value; }

    /// <summary>Highest <see cref="CommittedBytes"/> so far.</summary>
    public long PeakCommittedBytes { get => _ledger.PeakCommittedBytes; internal init => _ledger.PeakCommittedBytes = value; }

    /// <summary>The part of <see cref="CommittedBytes"/> that holds the arena's metadata.</summary>
    public long MetadataBytes { get => _ledger.MetadataBytes; internal init => _ledger.MetadataBytes = value; }

    /// <summary>Address space reserved, in bytes.</summary>
    public long ReservedBytes { get => _ledger.ReservedBytes; internal init => _ledger.ReservedBytes = value; }

    /// <summary>The part of <see cref="CommittedBytes"/> that lies in free chunks.</summary>
    public long DirtyBytes { get => _ledger.DirtyBytes; internal init => _ledger.DirtyBytes = value; }

    /// <summary>Living threads that have a cache.</summary>
    public long Threads { get => _ledger.Threads; internal init => _ledger.Threads = value; }

    /// <summary>Full magazines in depots.</summary>
    public long DepotMagazines { get => _ledger.DepotMagazines; internal init => _ledger.DepotMagazines = value; }

    /// <summary>Full magazines that moved between threads and depots, either way, since the start.</summary>
    public long DepotExchanges { get => _ledger.DepotExchanges; internal init => _ledger.DepotExchanges = value; }

    /// <summary>The part of <see cref="DepotExchanges"/> in which a thread took a full magazine out of a depot.</summary>
    public long DepotHits { get => _ledger.DepotHits; internal init => _ledger.DepotHits = value; }

    /// <summary>Batches that threads took from slabs since the start.</summary>
    public long SourceRefills { get => _ledger.SourceRefills; internal init => _ledger.SourceRefills = value; }

    /// <summary>Batches that threads returned to slabs since the start.</summary>
    public long SourceReturns { get => _ledger.SourceReturns; internal init => _ledger.SourceReturns = value; }

    /// <summary>Full magazines that reclaim passes returned to slabs since the start.</summary>
    public long ReclaimedMagazines { get => _ledger.ReclaimedMagazines; internal init => _ledger.ReclaimedMagazines = value; }

    /// <summary>Bytes decommitted since the start.</summary>
    public long DecommittedBytes { get => _ledger.DecommittedBytes; internal init => _ledger.DecommittedBytes = value; }

    /// <summary>Times that an allocation found no memory and flushed the caches before it tried again.</summary>
    public long OutOfMemoryFlushes { get => _ledger.OutOfMemoryFlushes; internal init => _ledger.OutOfMemoryFlushes = value; }

    /// <summary>Faults that the plan injected.</summary>
    public long InjectedFaults { get => _ledger.InjectedFaults; internal init => _ledger.InjectedFaults = value; }

    /// <summary>Misuses found.</summary>
    public long Misuses { get => _ledger.Misuses; internal init => _ledger.Misuses = value; }
}
