using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="MallocLargeWorkload"/> with one contender: a slice is one buffer, some milliseconds.</summary>
internal sealed class MallocLargeCell<TContender, TSession, TBlock>(TContender contender) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Slots = 20;
    private const int SmallestBytes = 5 << 20;
    private const int Sizes = (20 << 20) + 1;

    // The golden ratio of 2^64: its multiples fall evenly into any range, and so do each few that follow one another. Sizes drawn
    // at random would make one round of some ten buffers half as long again as another.
    private const ulong SizeStep = 0x9E3779B97F4A7C15;

    private readonly TBlock[] _buffers = new TBlock[Slots];
    private XorShift64 _random = XorShift64.Numbered(42);
    private ulong _size;

    public override long OperationsPerSlice => 1;

    public override void Prepare(int lane)
    {
        using TSession session = contender.Open();
        for (int i = 0; i < _buffers.Length; i++)
            _buffers[i] = Allocate(session, NextBytes());
    }

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
            Replace(session, ref _buffers[_random.Below(Slots)], NextBytes());
    }

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        foreach (TBlock buffer in _buffers)
            session.Free(buffer);
    }

    private int NextBytes()
    {
        _size += SizeStep;
        return SmallestBytes + XorShift64.UpperBelow(_size, Sizes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Replace(TSession session, ref TBlock slot, int bytes)
    {
        TBlock buffer = Allocate(session, bytes);
        session.Free(slot);
        slot = buffer;
    }

    private static TBlock Allocate(TSession session, int bytes)
    {
        TBlock buffer = session.Allocate((nuint)bytes);
        buffer.Bytes(bytes).Clear();
        return buffer;
    }
}
