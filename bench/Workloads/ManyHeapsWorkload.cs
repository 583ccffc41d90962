using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A heap for each request: it is made, 64 blocks of 16 to 1,024 bytes are allocated in it and freed, and it is disposed.
/// </summary>
internal sealed class ManyHeapsWorkload() : Workload("many-heaps", threads: 1)
{
    public override string Operation => "life of a heap";

    public override bool TakesHeaps => true;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        throw new NotSupportedException("The lives are those of heaps.");

    public override Cell EnterHeaps<TContender, TSession>(HeapMaker<TContender> heaps) =>
        new ManyHeapsCell<TContender, TSession>(heaps);
}
