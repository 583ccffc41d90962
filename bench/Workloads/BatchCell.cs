using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="BatchWorkload"/> with one contender.</summary>
internal sealed class BatchCell<TContender, TSession, TBlock>(
    TContender contender,
    nuint blockBytes,
    int batch,
    BatchOrder order,
    int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int BlocksPerSlice = 4096;

    private readonly TBlock[][] _blocks = new TBlock[lanes][];

    public override long OperationsPerSlice => (long)BlocksPerSlice * lanes;

    public override void Prepare(int lane) => _blocks[lane] = new TBlock[batch];

    public override void Run(int lane, long slices)
    {
        TBlock[] blocks = _blocks[lane];
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            if (order == BatchOrder.LastInFirstOut)
                Lifo(session, blockBytes, blocks);
            else
                Fifo(session, blockBytes, blocks);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Lifo(TSession session, nuint blockBytes, TBlock[] blocks)
    {
        for (int done = 0; done < BlocksPerSlice; done += blocks.Length)
        {
            Fill(session, blockBytes, blocks);
            for (int i = blocks.Length - 1; i >= 0; i--)
                session.Free(blocks[i]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fifo(TSession session, nuint blockBytes, TBlock[] blocks)
    {
        for (int done = 0; done < BlocksPerSlice; done += blocks.Length)
        {
            Fill(session, blockBytes, blocks);
            for (int i = 0; i < blocks.Length; i++)
                session.Free(blocks[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(TSession session, nuint blockBytes, TBlock[] blocks)
    {
        for (int i = 0; i < blocks.Length; i++)
        {
            TBlock block = session.Allocate(blockBytes);
            block.Touch();
            blocks[i] = block;
        }
    }
}
