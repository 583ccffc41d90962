using System.Runtime.CompilerServices;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova.Cells;

/// <summary>One range is got by the fast call and freed again, over and over.</summary>
internal sealed class IovaPairCell<TAllocator>(TAllocator allocator, ulong size, int lanes) : Cell
    where TAllocator : struct, IIovaAllocator
{
    private const int Pairs = 4096;

    public override long OperationsPerSlice => (long)Pairs * lanes;

    public override void Run(int lane, long slices)
    {
        for (; slices > 0; slices--)
            Slice(allocator, size, allocator.LastPfn);
    }

    // Size and limit are arguments, not constants: the JIT would work the order out at compile time.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TAllocator allocator, ulong size, ulong limit)
    {
        for (int i = 0; i < Pairs; i++)
        {
            if (!allocator.TryAllocateFast(size, limit, out ulong pfn))
                throw new InvalidOperationException("a range was refused");
            allocator.FreeFast(pfn, size);
        }
    }
}
