using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>One aligned block is allocated, written to and freed again, over and over.</summary>
internal sealed class AlignedPairWorkload(string name, int blockBytes, int alignment, int threads) : Workload(name, threads)
{
    public override int? BlockBytes => blockBytes;

    public override ExtraCalls Calls => ExtraCalls.Aligned;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        throw new NotSupportedException("An aligned block is for allocators that know alignment.");

    public override Cell EnterHeap<TContender, TSession>(TContender contender) =>
        new AlignedPairCell<TContender, TSession>(contender, (nuint)blockBytes, (nuint)alignment, Threads);
}
