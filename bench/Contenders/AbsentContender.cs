using MagAlloc.Bench.Contenders.Timed;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Contenders;

/// <summary>A native library that cannot be used. It keeps its line, so that nobody takes a shorter table for a whole one.</summary>
internal sealed class AbsentContender(string name, string reason) : Contender(name)
{
    public override string? Absence { get; } = reason;

    public override Cell Enter(Workload workload) => throw new NotSupportedException(Absence);

    public override Cell EnterTimed(Workload workload, LatencyBook book) => throw new NotSupportedException(Absence);
}
