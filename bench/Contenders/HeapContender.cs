using MagAlloc.Bench.Contenders.Timed;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Contenders;

/// <summary>An allocator with the whole malloc family: it can take part in every workload.</summary>
/// <param name="name">The stable name.</param>
/// <param name="contender">Opens the sessions.</param>
/// <param name="owned">Disposed with the contender; null when there is nothing to dispose.</param>
internal sealed class HeapContender<TContender, TSession>(string name, TContender contender, IDisposable? owned = null)
    : Contender(name, owned)
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    public override Cell Enter(Workload workload) => workload.EnterHeap<TContender, TSession>(contender);

    public override Cell EnterTimed(Workload workload, LatencyBook book) =>
        workload.EnterHeap<TimedHeapContender<TContender, TSession>, TimedHeapSession<TSession>>(
            new TimedHeapContender<TContender, TSession>(contender, book));
}
