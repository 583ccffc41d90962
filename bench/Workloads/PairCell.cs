using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="PairWorkload"/> with one contender.</summary>
internal sealed class PairCell<TContender, TSession, TBlock>(TContender contender, nuint blockBytes, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const nuint SmallBytes = 64 << 10;

    // Some contenders map and unmap a large block, a thousand times the price of a small one.
    private readonly int _pairs = blockBytes <= SmallBytes ? 4096 : 256;

    public override long OperationsPerSlice => (long)_pairs * lanes;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
            Slice(session, blockBytes, _pairs);
    }

    // The size is an argument, not a constant: the JIT would look its class up at compile time, where a native peer cannot follow.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession session, nuint blockBytes, int pairs)
    {
        for (int i = 0; i < pairs; i++)
        {
            TBlock block = session.Allocate(blockBytes);
            block.Touch();
            session.Free(block);
        }
    }
}
