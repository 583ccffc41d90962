using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="IdleThreadsWorkload"/> with one contender: a slice is a rush hour of all lanes.</summary>
internal sealed class IdleThreadsCell<TContender, TSession, TBlock>(TContender contender, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Replacements = 2048;
    private const int Live = 32;
    private const int PowersOfTwo = 15;
    private const int StackBytes = 32 << 10;

    private readonly TBlock[][] _blocks = new TBlock[lanes][];
    private readonly XorShift64[] _random = new XorShift64[lanes];
    private readonly LaneBarrier _barrier = new(lanes);
    private long? _idleBaseline;

    public override long OperationsPerSlice => (long)Replacements * lanes;

    public override long? IdleBaseline => _idleBaseline;

    // The first lane has worked before the baseline, to have the loops compiled.
    public override int IdleThreads => Math.Max(1, lanes - 1);

    public override void Prepare(int lane)
    {
        TouchStack();
        _random[lane] = XorShift64.Numbered(lane);
        _blocks[lane] = new TBlock[Live];
        if (lane == 0)
        {
            Rehearse();
        }

        _barrier.Await();
        if (lane == 0)
        {
            _idleBaseline = ProcessMemory.ResidentBytes();
        }
    }

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            Replace(session, _blocks[lane], Replacements, ref _random[lane]);
            FreeAll(session, _blocks[lane]);
        }
    }

    public override void Abandon() => _barrier.Abandon();

    // With one block alive, so that the allocator has little to keep.
    private void Rehearse()
    {
        TBlock[] blocks = new TBlock[1];
        XorShift64 random = XorShift64.Numbered(-1);
        using TSession session = contender.Open();
        for (Rehearsal rehearsal = new(); rehearsal.GoesOn;)
        {
            Replace(session, blocks, Live, ref random);
            FreeAll(session, blocks);
        }
    }

    // What the work needs of a thread's stack becomes resident before the baseline.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TouchStack()
    {
        Span<byte> stack = stackalloc byte[StackBytes];
        stack.Fill(1);
        Volatile.Read(ref stack[0]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Replace(TSession session, TBlock[] blocks, int count, ref XorShift64 state)
    {
        XorShift64 random = state;
        for (int i = 0; i < count; i++)
        {
            ulong number = random.Next();
            ref TBlock slot = ref blocks[XorShift64.UpperBelow(number, blocks.Length)];
            if (!slot.IsNone)
            {
                session.Free(slot);
            }

            // The slot and the power come from bits of their own, the size within the power from the next number.
            int power = XorShift64.MiddleBelow(number, PowersOfTwo);
            int bytes = (1 << power) + XorShift64.UpperBelow(random.Next(), 1 << power);
            TBlock block = session.Allocate((nuint)bytes);
            block.Touch();
            slot = block;
        }

        state = random;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeAll(TSession session, TBlock[] blocks)
    {
        foreach (ref TBlock slot in blocks.AsSpan())
        {
            if (!slot.IsNone)
            {
                session.Free(slot);
            }

            slot = default;
        }
    }
}
