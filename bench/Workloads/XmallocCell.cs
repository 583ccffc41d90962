using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// <see cref="XmallocWorkload"/> with one contender: even lanes allocate, odd ones free; a slice is a batch of each producer.
/// </summary>
internal sealed class XmallocCell<TContender, TSession, TBlock>(TContender contender, int pairs) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int BlocksPerBatch = 4096;
    private const int BatchesUnderWay = 100;
    private const int PageBytes = 4096;

    // The addresses, and the link to the next batch.
    private const int HolderBytes = (BlocksPerBatch + 1) * 8;

    // Not a constant at the call, as a native peer cannot use that.
    private readonly int _blockBytes = 64;

    private readonly BatchExchange<XmallocBatch<TBlock>> _exchange =
        new(BatchesUnderWay, () => new XmallocBatch<TBlock>(BlocksPerBatch));

    public override long OperationsPerSlice => (long)BlocksPerBatch * pairs;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        if (lane % 2 == 0)
        {
            for (; slices > 0; slices--)
            {
                XmallocBatch<TBlock> batch = _exchange.TakeEmpty();
                Fill(session, batch, _blockBytes);
                _exchange.PutFull(batch);
            }
        }
        else
        {
            for (; slices > 0; slices--)
            {
                XmallocBatch<TBlock> batch = _exchange.TakeFull();
                Drain(session, batch);
                _exchange.PutEmpty(batch);
            }
        }
    }

    public override void Abandon() => _exchange.Abandon();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(TSession session, XmallocBatch<TBlock> batch, int blockBytes)
    {
        TBlock holder = session.Allocate(HolderBytes);

        // The addresses stand in the managed array, which every kind of block can; the holder's pages are written to all the same.
        Span<byte> bytes = holder.Bytes(HolderBytes);
        for (int i = 0; i < bytes.Length; i += PageBytes)
            bytes[i] = 1;
        batch.Holder = holder;

        TBlock[] blocks = batch.Blocks;
        for (int i = 0; i < blocks.Length; i++)
        {
            TBlock block = session.Allocate((nuint)blockBytes);
            block.Bytes(blockBytes).Fill(1);
            blocks[i] = block;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drain(TSession session, XmallocBatch<TBlock> batch)
    {
        TBlock[] blocks = batch.Blocks;
        for (int i = 0; i < blocks.Length; i++)
            session.Free(blocks[i]);
        session.Free(batch.Holder);
    }
}
