using System.Diagnostics;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Bench.Contenders.Timed;

/// <summary><see cref="TimedSession{TSession, TBlock}"/> for the whole malloc family; a reallocation is timed like an allocation.</summary>
internal readonly ref struct TimedHeapSession<TSession>(TSession session, LatencyBook book) : IHeapSession
    where TSession : struct, IHeapSession, allows ref struct
{
    private readonly TSession _session = session;
    private readonly LatencyHistogram _histogram = book.Take();

    public AddressBlock Allocate(nuint byteCount)
    {
        long start = Stopwatch.GetTimestamp();
        AddressBlock block = _session.Allocate(byteCount);
        _histogram.RecordSince(start);
        return block;
    }

    public AddressBlock AllocateZeroed(nuint byteCount)
    {
        long start = Stopwatch.GetTimestamp();
        AddressBlock block = _session.AllocateZeroed(byteCount);
        _histogram.RecordSince(start);
        return block;
    }

    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment)
    {
        long start = Stopwatch.GetTimestamp();
        AddressBlock block = _session.AllocateAligned(byteCount, alignment);
        _histogram.RecordSince(start);
        return block;
    }

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount)
    {
        long start = Stopwatch.GetTimestamp();
        AddressBlock moved = _session.Reallocate(block, byteCount);
        _histogram.RecordSince(start);
        return moved;
    }

    public void Free(AddressBlock block) => _session.Free(block);

    public void Dispose()
    {
        book.GiveBack(_histogram);
        _session.Dispose();
    }
}
