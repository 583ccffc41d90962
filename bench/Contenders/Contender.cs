using System.Numerics;
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

    /// <summary>What must be known of its figures at a workload that it does in a way of its own; null for nothing.</summary>
    public virtual string? Remark(Workload workload) => null;

    /// <summary>Compiles the workload for this contender.</summary>
    public abstract Cell Enter(Workload workload);

    /// <summary>Compiles the workload for this contender with every allocation timed.</summary>
    public abstract Cell EnterTimed(Workload workload, LatencyBook book);

    public void Dispose() => owned?.Dispose();

    /// <summary>The objection of a contender that lacks these calls; null for none.</summary>
    protected static string? Lack(ExtraCalls calls)
    {
        string[] words = [.. Enum.GetValues<ExtraCalls>()
            .Where(call => BitOperations.IsPow2((uint)call) && calls.HasFlag(call))
            .Select(call => call.ToString().ToLowerInvariant())];
        return words switch
        {
            [] => null,
            [string only] => $"has no {only} blocks",
            [.. string[] first, string last] => $"has no {string.Join(", ", first)} or {last} blocks",
        };
    }
}
