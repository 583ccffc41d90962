using MagAlloc.Bench.Contenders.Timed;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Contenders;

/// <summary>An allocator with the malloc family.</summary>
/// <param name="name">The stable name.</param>
/// <param name="contender">Opens the sessions.</param>
/// <param name="owned">Disposed with the contender; null when there is nothing to dispose.</param>
internal sealed class HeapContender<TContender, TSession>(string name, TContender contender, IDisposable? owned = null)
    : Contender(name, owned)
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    /// <summary>Makes further heaps; null for an allocator that has one.</summary>
    public Func<OwnedHeap<TContender>>? More { get; init; }

    /// <summary>What it lacks of the family.</summary>
    public ExtraCalls Lacks { get; init; }

    public override string? Objection(Workload workload) => Lack(workload.Calls & Lacks);

    public override string? Remark(Workload workload) =>
        workload.TakesHeaps && More is null ? "has one heap, which stands for all" : null;

    public override Cell Enter(Workload workload)
    {
        return workload.TakesHeaps
            ? workload.EnterHeaps<TContender, TSession>(new HeapMaker<TContender>(contender, More))
            : workload.EnterHeap<TContender, TSession>(contender);
    }

    public override Cell EnterTimed(Workload workload, LatencyBook book)
    {
        return workload.TakesHeaps
            ? workload.EnterHeaps<TimedHeapContender<TContender, TSession>, TimedHeapSession<TSession>>(
                new HeapMaker<TContender>(contender, More).As(Timed))
            : workload.EnterHeap<TimedHeapContender<TContender, TSession>, TimedHeapSession<TSession>>(Timed(contender));

        TimedHeapContender<TContender, TSession> Timed(TContender heap) => new(heap, book);
    }
}
