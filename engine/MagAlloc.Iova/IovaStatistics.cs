using MagAlloc.Events;

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
    private readonly Ledger _ledger;

    internal IovaStatistics(in Ledger ledger) => _ledger = ledger;

    /// <summary>Pfns from the start pfn to the last.</summary>
    public long TotalUnits { get; internal init; }

    /// <summary>Pfns that callers hold, rounded up as the allocation was.</summary>
    public long AllocatedUnits { get; internal init; }

    /// <summary>Ranges that callers hold.</summary>
    public long AllocatedRanges { get; internal init; }

    /// <summary>Pfns in thread caches and depots.</summary>
    public long CachedUnits { get; internal init; }

    /// <summary>Ranges in thread caches and depots.</summary>
    public long CachedRanges { get; internal init; }

    /// <summary>Pfns that are reserved.</summary>
    public long ReservedUnits { get; internal init; }

    /// <summary>Reserved pieces.</summary>
    public long ReservedRanges { get; internal init; }

    /// <summary>Pfns that nobody holds.</summary>
    public long FreeUnits { get; internal init; }

    /// <summary>Living threads that have a cache.</summary>
    public long Threads { get => _ledger.Threads; internal init => _ledger.Threads = value; }

    /// <summary>Full magazines in depots.</summary>
    public long DepotMagazines { get => _ledger.DepotMagazines; internal init => _ledger.DepotMagazines = value; }

    /// <summary>Full magazines that moved between threads and depots, either way.</summary>
    public long DepotExchanges { get => _ledger.DepotExchanges; internal init => _ledger.DepotExchanges = value; }

    /// <summary>The part of <see cref="DepotExchanges"/> in which a thread took a full magazine out of a depot.</summary>
    public long DepotHits { get => _ledger.DepotHits; internal init => _ledger.DepotHits = value; }

    /// <summary>Batches that threads took from the tree of ranges.</summary>
    public long SourceRefills { get => _ledger.SourceRefills; internal init => _ledger.SourceRefills = value; }

    /// <summary>Batches that threads returned to the tree of ranges.</summary>
    public long SourceReturns { get => _ledger.SourceReturns; internal init => _ledger.SourceReturns = value; }

    /// <summary>Full magazines that reclaim passes and flushes returned to the tree.</summary>
    public long ReclaimedMagazines { get => _ledger.ReclaimedMagazines; internal init => _ledger.ReclaimedMagazines = value; }

    /// <summary>Requests with a limit that a range deeper in the thread's own two magazines met.</summary>
    public long LimitHits { get => _ledger.LimitHits; internal init => _ledger.LimitHits = value; }

    /// <summary>Requests with a limit that a magazine out of the depot met.</summary>
    public long LimitDepotHits { get => _ledger.LimitDepotHits; internal init => _ledger.LimitDepotHits = value; }

    /// <summary>Requests with a limit for which the tree was asked.</summary>
    public long LimitMisses { get => _ledger.LimitMisses; internal init => _ledger.LimitMisses = value; }

    /// <summary>Fast allocations of sizes that are not cached.</summary>
    public long UncachedAllocations { get => _ledger.Uncached; internal init => _ledger.Uncached = value; }

    /// <summary>Fast allocations that found nothing, flushed all caches and tried once more.</summary>
    public long FlushRetries { get => _ledger.OutOfMemoryFlushes; internal init => _ledger.OutOfMemoryFlushes = value; }

    /// <summary>Times that a thread's cache was emptied by another thread.</summary>
    public long FlushedThreads { get => _ledger.Visits; internal init => _ledger.Visits = value; }

    /// <summary>Words and entries of the tree that searches looked at.</summary>
    public long SearchSteps { get; internal init; }

    /// <summary>Bytes of magazines and thread caches.</summary>
    public long CommittedBytes { get => _ledger.CommittedBytes; internal init => _ledger.CommittedBytes = value; }

    /// <summary>Address space reserved for the domain's books, in bytes; memory stands behind what was touched.</summary>
    public long ReservedBytes { get => _ledger.ReservedBytes; internal init => _ledger.ReservedBytes = value; }

    /// <summary>Faults that the plan injected.</summary>
    public long InjectedFaults { get => _ledger.InjectedFaults; internal init => _ledger.InjectedFaults = value; }

    /// <summary>Misuses found.</summary>
    public long Misuses { get => _ledger.Misuses; internal init => _ledger.Misuses = value; }
}
