using MagAlloc.Tool.Analysis.Reading;

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
    public static OwnerSample Of(Payload payload, double seconds) => new(
        seconds,
        payload["allocatedBytes"],
        payload["threadCachedBytes"],
        payload["depotCachedBytes"],
        payload["committedBytes"],
        payload["peakCommittedBytes"],
        payload["depotMagazines"],
        payload["depotExchanges"],
        payload["reclaimedMagazines"],
        payload["threads"],
        payload["injectedFaults"]);

    public long CachedBytes => ThreadCachedBytes + DepotCachedBytes;
}
