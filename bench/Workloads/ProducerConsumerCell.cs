using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="ProducerConsumerWorkload"/> with one contender: lane 0 produces, lane 1 consumes; a slice is a batch.</summary>
internal sealed class ProducerConsumerCell<TContender, TSession, TBlock>(TContender contender, nuint blockBytes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Batch = 256;
    private const int BatchesInFlight = 16;

    private readonly BatchRing<TBlock> _ring = new(BatchesInFlight, Batch);

    public override long OperationsPerSlice => Batch;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        if (lane == 0)
        {
            for (; slices > 0; slices--)
            {
                Fill(session, blockBytes, _ring.AwaitEmpty());
                _ring.PublishFull();
            }
        }
        else
        {
            for (; slices > 0; slices--)
            {
                Drain(session, _ring.AwaitFull());
                _ring.PublishEmpty();
            }
        }
    }

    public override void Abandon() => _ring.Abandon();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(TSession session, nuint blockBytes, TBlock[] batch)
    {
        for (int i = 0; i < batch.Length; i++)
        {
            TBlock block = session.Allocate(blockBytes);
            block.Touch();
            batch[i] = block;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drain(TSession session, TBlock[] batch)
    {
        for (int i = 0; i < batch.Length; i++)
            session.Free(batch[i]);
    }
}
