using System.Diagnostics;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Bench.Contenders.Timed;

/// <summary>A session that times each of its allocations. What it records and where is the same for every contender.</summary>
internal readonly ref struct TimedSession<TSession, TBlock>(TSession session, LatencyBook book) : IAllocatorSession<TBlock>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private readonly TSession _session = session;
    private readonly LatencyHistogram _histogram = book.Take();

    public TBlock Allocate(nuint byteCount)
    {
        long start = Stopwatch.GetTimestamp();
        TBlock block = _session.Allocate(byteCount);
        _histogram.RecordSince(start);
        return block;
    }

    public void Free(TBlock block) => _session.Free(block);

    public void Dispose()
    {
        book.GiveBack(_histogram);
        _session.Dispose();
    }
}
