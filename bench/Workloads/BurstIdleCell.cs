using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="BurstIdleWorkload"/> with one contender: a slice is a burst.</summary>
internal sealed class BurstIdleCell<TContender, TSession, TBlock>(TContender contender, int[][] sizes, int[][] freeOrders) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int PageBytes = 4096;

    // A burst is cut up, so that its loops are called often enough to be compiled for good.
    private const int BlocksPerCall = 1024;

    private readonly TBlock[][] _blocks = [.. sizes.Select(lane => new TBlock[lane.Length])];

    public override long OperationsPerSlice { get; } = sizes.Sum(lane => (long)lane.Length);

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        TBlock[] blocks = _blocks[lane];
        for (; slices > 0; slices--)
        {
            for (int from = 0; from < blocks.Length; from += BlocksPerCall)
                Allocate(session, sizes[lane], blocks, from, Math.Min(from + BlocksPerCall, blocks.Length));
            for (int from = 0; from < blocks.Length; from += BlocksPerCall)
                Free(session, freeOrders[lane], blocks, from, Math.Min(from + BlocksPerCall, blocks.Length));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Allocate(TSession session, int[] sizes, TBlock[] blocks, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            int size = sizes[i];
            TBlock block = session.Allocate((nuint)size);
            Span<byte> bytes = block.Bytes(size);
            for (int page = 0; page < bytes.Length; page += PageBytes)
                bytes[page] = 1;
            blocks[i] = block;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Free(TSession session, int[] order, TBlock[] blocks, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            ref TBlock slot = ref blocks[order[i]];
            session.Free(slot);

            // An array that is still referred to could not be collected, and would count against its pool.
            slot = default;
        }
    }
}
