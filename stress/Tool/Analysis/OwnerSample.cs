namespace MagAlloc.Tool.Analysis;

/// <summary>What an owner said of itself at one moment (event OwnerStatistics). Bytes, but those of a domain are addresses; committed ones are memory always.</summary>
internal readonly record struct OwnerSample(
    double Seconds,
    long AllocatedBytes,
    long ThreadCachedBytes,
    long DepotCachedBytes,
    long CommittedBytes,
    long PeakCommittedBytes,
    long DepotMagazines,
    long DepotExchanges,
    long ReclaimedMagazines,
    long Threads,
    long InjectedFaults)
{
    public long CachedBytes => ThreadCachedBytes + DepotCachedBytes;
}
