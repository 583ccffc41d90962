using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// One block grows by reallocation, step by step, is written to in what it has gained, and is freed at its largest. The time is
/// of a step, the last one's free included.
/// </summary>
internal sealed class GrowthWorkload(string name, Growth growth, int threads) : Workload(name, threads)
{
    public override string Operation => "step of growth";

    public override ExtraCalls Calls => ExtraCalls.Reallocated;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        throw new NotSupportedException("A block grows with allocators that reallocate.");

    public override Cell EnterHeap<TContender, TSession>(TContender contender) =>
        new GrowthCell<TContender, TSession>(contender, growth, Threads);
}
