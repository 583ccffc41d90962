using MagAlloc.Events;

namespace MagAlloc.Diagnostics;

/// <summary>A snapshot of a <see cref="MagazineCache{TSource}"/>'s books; exact while no thread uses the cache.</summary>
public readonly record struct MagazineCacheStatistics
{
    private readonly Ledger _ledger;

    internal MagazineCacheStatistics(in Ledger ledger) => _ledger = ledger;

    /// <summary>Resources in thread caches and in the depot.</summary>
    public long CachedResources { get => _ledger.CachedBlocks; internal init => _ledger.CachedBlocks = value; }

    /// <summary>Living threads that have a cache.</summary>
    public long Threads { get => _ledger.Threads; internal init => _ledger.Threads = value; }

    /// <summary>Full magazines in the depot.</summary>
    public long DepotMagazines { get => _ledger.DepotMagazines; internal init => _ledger.DepotMagazines = value; }

    /// <summary>Full magazines that moved between threads and the depot, either way, since the start.</summary>
    public long DepotExchanges { get => _ledger.DepotExchanges; internal init => _ledger.DepotExchanges = value; }

    /// <summary>The part of <see cref="DepotExchanges"/> in which a thread took a full magazine out of the depot.</summary>
    public long DepotHits { get => _ledger.DepotHits; internal init => _ledger.DepotHits = value; }

    /// <summary>Batches that threads took from the source since the start.</summary>
    public long SourceRefills { get => _ledger.SourceRefills; internal init => _ledger.SourceRefills = value; }

    /// <summary>Batches that threads returned to the source since the start.</summary>
    public long SourceReturns { get => _ledger.SourceReturns; internal init => _ledger.SourceReturns = value; }

    /// <summary>Full magazines that reclaim passes returned to the source since the start.</summary>
    public long ReclaimedMagazines { get => _ledger.ReclaimedMagazines; internal init => _ledger.ReclaimedMagazines = value; }

    /// <summary>Bytes of magazines and thread caches.</summary>
    public long CommittedBytes { get => _ledger.CommittedBytes; internal init => _ledger.CommittedBytes = value; }
}
