using MagAlloc.Bench.Contenders.Timed;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Contenders;

/// <summary>A pool: it allocates and frees, and knows nothing of alignment, zeroing and reallocation.</summary>
/// <param name="name">The stable name.</param>
/// <param name="contender">Opens the sessions.</param>
/// <param name="fixedBytes">Size of all its blocks; null when it serves any size.</param>
/// <param name="owned">Disposed with the contender; null when there is nothing to dispose.</param>
internal sealed class BlockContender<TContender, TSession, TBlock>(
    string name,
    TContender contender,
    int? fixedBytes = null,
    IDisposable? owned = null)
    : Contender(name, owned)
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    public override string? Objection(Workload workload)
    {
        if (workload.TakesHeaps)
            return "is no heap";
        if (Lack(workload.Calls) is { } lack)
            return lack;
        return fixedBytes is { } bytes && workload.BlockBytes != bytes ? $"has blocks of {bytes} bytes only" : null;
    }

    public override Cell Enter(Workload workload) => workload.Enter<TContender, TSession, TBlock>(contender);

    public override Cell EnterTimed(Workload workload, LatencyBook book) =>
        workload.Enter<TimedContender<TContender, TSession, TBlock>, TimedSession<TSession, TBlock>, TBlock>(
            new TimedContender<TContender, TSession, TBlock>(contender, book));
}
