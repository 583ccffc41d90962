using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="ManyHeapsWorkload"/> with one contender: a slice is a few heaps, one after the other.</summary>
internal sealed class ManyHeapsCell<TContender, TSession>(HeapMaker<TContender> heaps) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    private const int HeapsPerSlice = 8;
    private const int SmallestBytes = 16;
    private const int Sizes = 1009;

    private readonly AddressBlock[] _blocks = new AddressBlock[64];
    private XorShift64 _random = XorShift64.Numbered(5);

    public override long OperationsPerSlice => HeapsPerSlice;

    public override void Run(int lane, long slices)
    {
        for (long lives = slices * HeapsPerSlice; lives > 0; lives--)
        {
            using OwnedHeap<TContender> heap = heaps.Make();
            using TSession session = heap.Contender.Open();
            Work(session, _blocks, ref _random);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Work(TSession session, AddressBlock[] blocks, ref XorShift64 random)
    {
        foreach (ref AddressBlock slot in blocks.AsSpan())
        {
            slot = session.Allocate((nuint)(SmallestBytes + random.Below(Sizes)));
            slot.Touch();
        }

        foreach (AddressBlock block in blocks)
        {
            session.Free(block);
        }
    }
}
