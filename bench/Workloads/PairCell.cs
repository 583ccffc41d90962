using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="PairWorkload"/> with one contender.</summary>
internal sealed class PairCell<TContender, TSession, TBlock>(TContender contender, nuint blockBytes, bool touches, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    // A constant: the JIT takes what does not change out of a loop that it knows to run.
    private const int Pairs = 4096;

    public override long OperationsPerSlice => (long)Pairs * lanes;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            if (touches)
                Slice(session, blockBytes);
            else
                UntouchedSlice(session, blockBytes);
        }
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void UntouchedSlice(TSession session, nuint blockBytes)
    {
        for (int i = 0; i < Pairs; i++)
            session.Free(session.Allocate(blockBytes));
    }
}
