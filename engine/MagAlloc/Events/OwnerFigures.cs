namespace MagAlloc.Events;

/// <summary>What every owner can say of itself; what the events and the meter show.</summary>
/// <remarks>
/// Bytes of a heap or pool are bytes of memory. Those of a domain are addresses (granules times the granule), committed and reserved
/// excepted, which are memory of its books. A cache over a user's source counts each resource as one byte, and does not know how
/// many are allocated.
/// </remarks>
internal record struct OwnerFigures
{
    public long AllocatedBytes;
    public long ThreadCachedBytes;
    public long DepotCachedBytes;
    public long FreeBytes;
    public long CommittedBytes;
    public long PeakCommittedBytes;
    public long TotalCommittedBytes;
    public long ReturnedBytes;
    public long ReservedBytes;
    public long DecommittedBytes;
    public long Threads;
    public long DepotMagazines;
    public long DepotExchanges;
    public long DepotHits;
    public long SourceRefills;
    public long SourceReturns;
    public long ReclaimedMagazines;
    public long InjectedFaults;
    public long Misuses;
    public long OutOfMemoryFlushes;
}
