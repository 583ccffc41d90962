using MagAlloc.Bench.Iova;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Gate.Rounds;

/// <summary>
/// The measured side of the ratio of address ranges, in a process of its own: the domain's pair of fast calls against the heap's pair.
/// Both pop and push the same magazines, so whatever slows the one slows the other, and what differs is the domain's own.
/// </summary>
internal static class IovaRounds
{
    /// <summary>Stable name of what is measured.</summary>
    public const string Workload = "pair-iova";

    public static RoundsReport Execute()
    {
        using IovaContender domain = IovaContender.NewDomain();
        using IovaComparison.HeapPair heap = new(threads: 1);
        using LaneTeam team = new(1);
        IovaWorkload pair = IovaWorkloadCatalog.All.Single(w => w.Name == IovaWorkloadCatalog.Pair);
        return RoundsRun.Measure(
            Workload,
            [
                new Entrant(domain.Name, domain.Enter(pair, 1), 1, team),
                new Entrant(IovaComparison.HeapName, heap.Enter(), 1, team),
            ]);
    }
}
