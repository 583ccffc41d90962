using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>One thread allocates and frees a block of 64 bytes, in one heap and in another by turns.</summary>
internal sealed class TwoHeapsWorkload() : Workload("two-heaps", threads: 1)
{
    private const int Bytes = 64;

    public override int? BlockBytes => Bytes;

    public override bool TakesHeaps => true;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        throw new NotSupportedException("The turns are those of heaps.");

    public override Cell EnterHeaps<TContender, TSession>(HeapMaker<TContender> heaps) =>
        new TwoHeapsCell<TContender, TSession>(heaps, Bytes);
}
