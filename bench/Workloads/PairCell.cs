using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="PairWorkload"/> with one contender.</summary>
internal sealed class PairCell<TContender, TSession, TBlock>(TContender contender, nuint blockBytes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Pairs = 4096;

    public override long OperationsPerSlice => Pairs;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
            Slice(session, blockBytes);
    }

    // The size is an argument, not a constant: the JIT would look its class up at compile time, where a native peer cannot follow.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession session, nuint blockBytes)
    {
        for (int i = 0; i < Pairs; i++)
        {
            TBlock block = session.Allocate(blockBytes);
            block.Touch();
            session.Free(block);
        }
    }
}
