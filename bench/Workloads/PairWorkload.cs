using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>One block is allocated, written to and freed again, over and over: the shortest path, and the latency of its loads.</summary>
internal sealed class PairWorkload(int blockBytes) : Workload($"pair-{blockBytes}")
{
    public override int? BlockBytes => blockBytes;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new PairCell<TContender, TSession, TBlock>(contender, (nuint)blockBytes);
}
