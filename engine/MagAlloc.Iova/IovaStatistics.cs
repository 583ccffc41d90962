namespace MagAlloc.Iova;

/// <summary>A snapshot of an <see cref="IovaDomain"/>'s books. Units are pfns unless a name says otherwise.</summary>
/// <remarks>
/// Read without stopping anybody, so figures may be apart by what happened in between. While nobody uses the domain they add
/// up: <see cref="AllocatedUnits"/> + <see cref="CachedUnits"/> + <see cref="ReservedUnits"/> + <see cref="FreeUnits"/> =
/// <see cref="TotalUnits"/>. Events are counted since the start, in each thread's own words; hits on top of a magazine are
/// not counted at all, because that would cost every allocation a store: they are what the exchanges and refills do not explain.
/// </remarks>
public readonly record struct IovaStatistics
{
    /// <summary>Pfns from the start pfn to the last.</summary>
    public long TotalUnits { get; init; }

    /// <summary>Pfns that callers hold, rounded up as the allocation was.</summary>
    public long AllocatedUnits { get; init; }

    /// <summary>Ranges that callers hold.</summary>
    public long AllocatedRanges { get; init; }

    /// <summary>Pfns in thread caches and depots.</summary>
    public long CachedUnits { get; init; }

    /// <summary>Ranges in thread caches and depots.</summary>
    public long CachedRanges { get; init; }

    /// <summary>Pfns that are reserved.</summary>
    public long ReservedUnits { get; init; }

    /// <summary>Reserved pieces.</summary>
    public long ReservedRanges { get; init; }

    /// <summary>Pfns that nobody holds.</summary>
    public long FreeUnits { get; init; }

    /// <summary>Living threads that have a cache.</summary>
    public long Threads { get; init; }

    /// <summary>Full magazines in depots.</summary>
    public long DepotMagazines { get; init; }

    /// <summary>Full magazines that moved between threads and depots, either way.</summary>
    public long DepotExchanges { get; init; }

    /// <summary>The part of <see cref="DepotExchanges"/> in which a thread took a full magazine out of a depot.</summary>
    public long DepotHits { get; init; }

    /// <summary>Batches that threads took from the tree of ranges.</summary>
    public long SourceRefills { get; init; }

    /// <summary>Batches that threads returned to the tree of ranges.</summary>
    public long SourceReturns { get; init; }

    /// <summary>Full magazines that reclaim passes and flushes returned to the tree.</summary>
    public long ReclaimedMagazines { get; init; }

    /// <summary>Requests with a limit that a range deeper in the thread's own two magazines met.</summary>
    public long LimitHits { get; init; }

    /// <summary>Requests with a limit that a magazine out of the depot met.</summary>
    public long LimitDepotHits { get; init; }

    /// <summary>Requests with a limit for which the tree was asked.</summary>
    public long LimitMisses { get; init; }

    /// <summary>Fast allocations of sizes that are not cached.</summary>
    public long UncachedAllocations { get; init; }

    /// <summary>Fast allocations that found nothing, flushed all caches and tried once more.</summary>
    public long FlushRetries { get; init; }

    /// <summary>Times that a thread's cache was emptied by another thread.</summary>
    public long FlushedThreads { get; init; }

    /// <summary>Words and entries of the tree that searches looked at.</summary>
    public long SearchSteps { get; init; }

    /// <summary>Bytes of magazines and thread caches.</summary>
    public long CommittedBytes { get; init; }

    /// <summary>Address space reserved for the domain's books, in bytes; memory stands behind what was touched.</summary>
    public long ReservedBytes { get; init; }

    /// <summary>Faults that the plan injected.</summary>
    public long InjectedFaults { get; init; }

    /// <summary>Misuses found.</summary>
    public long Misuses { get; init; }
}
