using MagAlloc.Bench.Contenders;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// The allocator calls of a real program, in the order of its trace and on one thread. What the program never freed is freed
/// at the end of each pass.
/// </summary>
internal sealed class ReplayWorkload(string name, AllocationTrace trace) : Workload(name, threads: 1, trace)
{
    public override string Operation => "event of the trace";

    public override ExtraCalls Calls => ExtraCalls.All;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        throw new NotSupportedException("A trace is replayed into allocators with the whole malloc family.");

    public override Cell EnterHeap<TContender, TSession>(TContender contender) =>
        new ReplayCell<TContender, TSession>(contender, trace);
}
