using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="BatchWorkload"/> with one contender.</summary>
internal sealed class BatchCell<TContender, TSession, TBlock>(TContender contender, nuint blockBytes, int batch) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Batches = 16;

    private readonly TBlock[] _blocks = new TBlock[batch];

    public override long OperationsPerSlice => (long)Batches * batch;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
            Slice(session, blockBytes, _blocks);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession session, nuint blockBytes, TBlock[] blocks)
    {
        for (int batch = 0; batch < Batches; batch++)
        {
            for (int i = 0; i < blocks.Length; i++)
            {
                TBlock block = session.Allocate(blockBytes);
                block.Touch();
                blocks[i] = block;
            }

            for (int i = blocks.Length - 1; i >= 0; i--)
                session.Free(blocks[i]);
        }
    }
}
