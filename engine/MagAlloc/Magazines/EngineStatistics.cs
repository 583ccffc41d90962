namespace MagAlloc.Magazines;

/// <summary>Sums over an engine's thread caches and depots.</summary>
internal record struct EngineStatistics
{
    public int Threads;
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
}
