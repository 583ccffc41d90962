using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="ChurnIdleWorkload"/> with one contender: a slice is a burst, with what the one before has left.</summary>
internal sealed class ChurnIdleCell<TContender, TSession, TBlock>(TContender contender, int[] sizes, int[] freeOrder) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int LeftOneOf = 20;

    // A burst is cut up, so that its loops are called often enough to be compiled for good.
    private const int BlocksPerCall = 1024;

    private readonly TBlock[] _blocks = new TBlock[sizes.Length];
    private readonly int _freed = sizes.Length - (sizes.Length / LeftOneOf);
    private long? _idleBaseline;

    public override long OperationsPerSlice => sizes.Length;

    public override long? IdleBaseline => _idleBaseline;

    public override void Prepare(int lane)
    {
        using TSession session = contender.Open();
        int[] order = [.. Enumerable.Range(0, BlocksPerCall)];
        for (Rehearsal rehearsal = new(); rehearsal.GoesOn;)
        {
            Allocate(session, sizes, _blocks, 0, BlocksPerCall);
            Free(session, order, _blocks, 0, BlocksPerCall);
        }

        _idleBaseline = ProcessMemory.ResidentBytes();
    }

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            Free(session, _freed, sizes.Length);
            for (int from = 0; from < sizes.Length; from += BlocksPerCall)
            {
                Allocate(session, sizes, _blocks, from, Math.Min(from + BlocksPerCall, sizes.Length));
            }

            Free(session, 0, _freed);
        }
    }

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        Free(session, _freed, sizes.Length);
    }

    private void Free(TSession session, int from, int to)
    {
        for (; from < to; from += BlocksPerCall)
        {
            Free(session, freeOrder, _blocks, from, Math.Min(from + BlocksPerCall, to));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Allocate(TSession session, int[] sizes, TBlock[] blocks, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            int size = sizes[i];
            TBlock block = session.Allocate((nuint)size);
            block.Bytes(size).Fill(1);
            blocks[i] = block;
        }
    }

    // In the first round nothing is left of an earlier one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Free(TSession session, int[] order, TBlock[] blocks, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            ref TBlock slot = ref blocks[order[i]];
            if (slot.IsNone)
            {
                continue;
            }

            session.Free(slot);

            // An array that is still referred to could not be collected, and would count against its pool.
            slot = default;
        }
    }
}
