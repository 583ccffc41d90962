using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova;

/// <summary>
/// The domain, the model of the kernel's with either kind of lock and, at the pair, the heap: at one workload, round by round in turn, within this process. All
/// of it is managed code in the caller's process, so there is nothing to keep apart; and what disturbs one disturbs the others.
/// </summary>
internal static class IovaComparison
{
    /// <summary>The name under which the heap appears.</summary>
    public const string HeapName = "native-heap";

    private const int HeapBytes = 64;

    /// <exception cref="OperationCanceledException">The user interrupted it.</exception>
    public static IReadOnlyList<IovaLine> Run(IovaWorkload workload, int threads, Pace pace, CancellationToken interruption)
    {
        using IovaContender domain = IovaContender.NewDomain();
        using IovaContender kernel = IovaContender.NewKernel(spins: false);
        using IovaContender spinning = IovaContender.NewKernel(spins: true);
        using LaneTeam team = new(threads);
        using HeapPair? heap = workload.Name == IovaWorkloadCatalog.Pair ? new HeapPair(threads) : null;
        List<Entrant> entrants =
        [
            .. new[] { domain, kernel, spinning }.Select(c => new Entrant(c.Name, c.Enter(workload, threads), threads, team)),
        ];
        if (heap is not null)
            entrants.Add(new Entrant(HeapName, heap.Enter(), threads, team));
        foreach (Entrant entrant in entrants)
        {
            interruption.ThrowIfCancellationRequested();
            entrant.Prepare();
            entrant.WarmUp(pace);
        }

        GC.Collect();
        for (int round = 0; round < pace.Rounds; round++)
        {
            interruption.ThrowIfCancellationRequested();

            // There and back again: in every two rounds each neighbour comes first once.
            for (int i = 0; i < entrants.Count; i++)
                entrants[(round & 1) == 0 ? i : entrants.Count - 1 - i].RunRound();
        }

        foreach (Entrant entrant in entrants)
            entrant.Clean();
        return [.. entrants.Select(e => new IovaLine(workload.Name, threads, e.Contender, RoundSummary.Of(e)))];
    }

    /// <summary>The heap at the pair that it is measured at everywhere else.</summary>
    internal sealed class HeapPair(int threads) : IDisposable
    {
        private readonly Contender _heap = ContenderCatalog.All.Single(c => c.Name == "magalloc").Create();
        private readonly PairWorkload _workload = new("pair-64", HeapBytes, threads);

        public Cell Enter() => _heap.Enter(_workload);

        public void Dispose()
        {
            _workload.Dispose();
            _heap.Dispose();
        }
    }
}
