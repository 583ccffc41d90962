using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Workloads;

/// <summary>What contenders are compared at. Its name is stable: reports and gates refer to it.</summary>
/// <param name="name">The stable name.</param>
/// <param name="threads">The lanes that run it.</param>
/// <param name="owned">Disposed with the workload; null when there is nothing to dispose.</param>
internal abstract class Workload(string name, int threads, IDisposable? owned = null) : IDisposable
{
    public string Name { get; } = name;

    /// <summary>What one operation is, for the table: times are per operation.</summary>
    public virtual string Operation => "allocate + free";

    public int Threads { get; } = threads;

    /// <summary>The one size of all blocks; null when sizes vary.</summary>
    public virtual int? BlockBytes => null;

    /// <summary>What it calls beyond allocate and free: with any of it only <see cref="EnterHeap"/> is called.</summary>
    public virtual ExtraCalls Calls => ExtraCalls.None;

    /// <summary>True when nothing is written to its blocks: it is about the allocator's books alone.</summary>
    public virtual bool LeavesBlocksUntouched => false;

    /// <summary>True when it takes several heaps: then only <see cref="EnterHeaps"/> is called.</summary>
    public virtual bool TakesHeaps => false;

    /// <summary>
    /// True when what stays resident while nothing is called is part of the result: a round is one slice, followed by idle time.
    /// </summary>
    public virtual bool Idles => false;

    /// <summary>How long nothing is called after a round of a workload that idles.</summary>
    public virtual TimeSpan IdleIn(Pace pace) => pace.Idle;

    /// <summary>Makes the workload's cell for one contender. The type arguments make the JIT compile it for this contender alone.</summary>
    public abstract Cell Enter<TContender, TSession, TBlock>(TContender contender)
        where TContender : struct, IContender<TSession>
        where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
        where TBlock : struct, IBlock;

    /// <summary>The same for a contender with the whole malloc family.</summary>
    public virtual Cell EnterHeap<TContender, TSession>(TContender contender)
        where TContender : struct, IContender<TSession>
        where TSession : struct, IHeapSession, allows ref struct =>
        Enter<TContender, TSession, AddressBlock>(contender);

    /// <summary>The same for a workload that takes several heaps.</summary>
    public virtual Cell EnterHeaps<TContender, TSession>(HeapMaker<TContender> heaps)
        where TContender : struct, IContender<TSession>
        where TSession : struct, IHeapSession, allows ref struct =>
        EnterHeap<TContender, TSession>(heaps.Own);

    public void Dispose() => owned?.Dispose();
}
