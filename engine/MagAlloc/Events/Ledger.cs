namespace MagAlloc.Events;

/// <summary>
/// All that an owner can say of itself, in one block: statistics show it to callers, the meter and the events to those who watch. What an owner does
/// not have stays 0.
/// </summary>
/// <remarks>
/// Bytes of a heap or pool are bytes of memory. Those of a domain are addresses (granules times the granule), committed and reserved
/// excepted, which are memory of its books. A cache over a user's source counts each resource as one byte, and does not know how
/// many are allocated. The public statistics say what each figure means.
/// </remarks>
internal record struct Ledger
{
    public long AllocatedBlocks;
    public long AllocatedBytes;
    public long LargeBlocks;
    public long CachedBlocks;
    public long CachedBytes;
    public long ThreadCachedBytes;
    public long DepotCachedBytes;
    public long FreeBlocks;
    public long FreeBytes;
    public long CapacityBlocks;

    public long CommittedBytes;
    public long PeakCommittedBytes;

    /// <summary>Bytes committed since the start; less <see cref="ReturnedBytes"/> they are <see cref="CommittedBytes"/>.</summary>
    public long ObtainedBytes;
    public long ReturnedBytes;
    public long DecommittedBytes;
    public long ReservedBytes;
    public long MetadataBytes;
    public long DirtyBytes;

    public long Threads;
    public long DepotMagazines;
    public long DepotExchanges;
    public long DepotHits;
    public long SourceRefills;
    public long SourceReturns;
    public long ReclaimedMagazines;
    public long LimitHits;
    public long LimitDepotHits;
    public long LimitMisses;
    public long Visits;
    public long Uncached;

    public long OutOfMemoryFlushes;
    public long InjectedFaults;
    public long Misuses;

    public long LiveBuffers;
    public long OrphanedBuffers;
    public long OrphanedBytes;
    public long RevokedBuffers;
    public long Importers;
    public long HandOvers;
    public long Acknowledgements;
    public long Revocations;
    public long Reinflations;
    public long Reclaims;
    public long QuotaRefusals;
}
