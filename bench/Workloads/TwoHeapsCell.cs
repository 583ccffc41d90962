using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="TwoHeapsWorkload"/> with one contender.</summary>
internal sealed class TwoHeapsCell<TContender, TSession>(HeapMaker<TContender> heaps, nuint blockBytes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    private const int Turns = 2048;

    private OwnedHeap<TContender> _other;

    public override long OperationsPerSlice => 2 * Turns;

    public override void Prepare(int lane) => _other = heaps.Make();

    public override void Run(int lane, long slices)
    {
        using TSession first = heaps.Own.Open();
        using TSession second = _other.Contender.Open();
        for (; slices > 0; slices--)
        {
            Slice(first, second, blockBytes);
        }
    }

    public override void Clean(int lane) => _other.Dispose();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession first, TSession second, nuint blockBytes)
    {
        for (int i = 0; i < Turns; i++)
        {
            AddressBlock block = first.Allocate(blockBytes);
            block.Touch();
            first.Free(block);
            block = second.Allocate(blockBytes);
            block.Touch();
            second.Free(block);
        }
    }
}
