using System.Collections.Concurrent;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>What <see cref="OracleSession"/> has seen: the blocks alive, their sizes, the threads, and the mistakes of the workload.</summary>
internal sealed class OracleBooks
{
    /// <summary>Stands in the first byte of a block until its workload writes there.</summary>
    public const byte Untouched = 0xC7;

    public ConcurrentDictionary<nint, nuint> Live { get; } = new();

    public ConcurrentDictionary<nuint, long> Sizes { get; } = new();

    public ConcurrentDictionary<Thread, int> Threads { get; } = new();

    public ConcurrentQueue<string> Mistakes { get; } = new();

    public ConcurrentDictionary<nuint, long> Alignments { get; } = new();

    /// <summary>True when the workload shall not write to its blocks.</summary>
    public bool LeftUntouched { get; init; }

    public long Allocations;
}
