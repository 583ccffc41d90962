using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="AlignedPairWorkload"/> with one contender.</summary>
internal sealed class AlignedPairCell<TContender, TSession>(TContender contender, nuint blockBytes, nuint alignment, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    private const int Pairs = 4096;

    public override long OperationsPerSlice => (long)Pairs * lanes;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            Slice(session, blockBytes, alignment);
        }
    }

    // Neither size nor alignment is a constant at the call, as a native peer cannot use that.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession session, nuint blockBytes, nuint alignment)
    {
        for (int i = 0; i < Pairs; i++)
        {
            AddressBlock block = session.AllocateAligned(blockBytes, alignment);
            block.Touch();
            session.Free(block);
        }
    }
}
