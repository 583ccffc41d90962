using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="FalseSharingWorkload"/> with one contender.</summary>
internal sealed class FalseSharingCell<TContender, TSession, TBlock>(TContender contender, bool handOver, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int BlocksPerSlice = 10;
    private const int WritesPerBlock = 200_000;

    private readonly int _writes = WritesPerBlock / lanes;
    private readonly TBlock[] _handedOver = new TBlock[lanes];
    private readonly LaneBarrier _barrier = new(lanes);

    // Not a constant at the call, as a native peer cannot use that.
    private readonly nuint _blockBytes = 1;

    public override long OperationsPerSlice => (long)BlocksPerSlice * _writes * lanes;

    // Handed over once, as in the original: what the threads get back afterwards they keep getting back.
    public override void Prepare(int lane)
    {
        if (!handOver)
            return;
        using TSession session = contender.Open();
        if (lane == 0)
        {
            foreach (ref TBlock block in _handedOver.AsSpan())
            {
                block = session.Allocate(_blockBytes);
                block.Touch();
            }
        }

        _barrier.Await();
        session.Free(_handedOver[lane]);
    }

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            for (int i = 0; i < BlocksPerSlice; i++)
                Scribble(session, _blockBytes, _writes);
        }
    }

    public override void Abandon() => _barrier.Abandon();

    // What is read is summed up and returned: the JIT drops even a volatile read that nobody uses, and a processor folds writes to
    // one line together when no read stands between them. Then lines are shared and nobody notices.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Scribble(TSession session, nuint blockBytes, int writes)
    {
        TBlock block = session.Allocate(blockBytes);
        ref byte first = ref MemoryMarshal.GetReference(block.Bytes(1));
        int sum = 0;
        for (int i = 0; i < writes; i++)
        {
            Volatile.Write(ref first, (byte)(i | 1));
            sum += Volatile.Read(ref first);
        }

        session.Free(block);
        return sum;
    }
}
