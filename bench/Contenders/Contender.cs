using MagAlloc.Bench.Contenders.Timed;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Contenders;

/// <summary>A line of the comparison: an allocator and the way it is called. Its name is stable: reports and gates refer to it.</summary>
/// <param name="name">The stable name.</param>
/// <param name="owned">Disposed with the contender; null when there is nothing to dispose.</param>
internal abstract class Contender(string name, IDisposable? owned = null) : IDisposable
{
    public string Name { get; } = name;

    /// <summary>Why this contender is absent from this machine and what brings it; null when it is here.</summary>
    public virtual string? Absence => null;

    /// <summary>Why this contender cannot take part in a workload; null when it can.</summary>
    public virtual string? Objection(Workload workload) => null;

    /// <summary>Compiles the workload for this contender.</summary>
    public abstract Cell Enter(Workload workload);

    /// <summary>Compiles the workload for this contender with every allocation timed.</summary>
    public abstract Cell EnterTimed(Workload workload, LatencyBook book);

    public void Dispose() => owned?.Dispose();
}
