using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="LarsonWorkload"/> with one contender: a slice is a thread's life on each lane.</summary>
internal sealed class LarsonCell<TContender, TSession, TBlock>(TContender contender, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Slots = 5000;
    private const int Turns = 100;
    private const int SmallestBytes = 8;
    private const int Sizes = 992;

    private readonly TBlock[][] _blocks = new TBlock[lanes][];
    private readonly XorShift64[] _random = new XorShift64[lanes];

    public override long OperationsPerSlice => (long)Turns * Slots * lanes;

    public override void Prepare(int lane)
    {
        // One thread makes the blocks of all.
        if (lane != 0)
            return;
        XorShift64 random = XorShift64.Numbered(-1);
        TBlock[] all = new TBlock[Slots * lanes];
        using TSession session = contender.Open();
        foreach (ref TBlock slot in all.AsSpan())
        {
            slot = session.Allocate((nuint)(SmallestBytes + random.Below(Sizes)));
            slot.Touch();
        }

        for (int i = all.Length; i > 1; i--)
        {
            int other = random.Below(i);
            (all[i - 1], all[other]) = (all[other], all[i - 1]);
        }

        for (int turn = 0; turn < 4 * lanes; turn++)
            Replace(session, all, ref random);
        for (int i = 0; i < lanes; i++)
        {
            _blocks[i] = all.AsSpan(i * Slots, Slots).ToArray();
            _random[i] = XorShift64.Numbered(i);
        }
    }

    public override void Run(int lane, long slices) => Dynasty.Run(slices, () => Live(lane));

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        foreach (TBlock block in _blocks[lane])
            session.Free(block);
        _blocks[lane] = [];
    }

    private void Live(int lane)
    {
        TBlock[] blocks = _blocks[lane];
        using TSession session = contender.Open();
        for (int turn = 0; turn < Turns; turn++)
            Replace(session, blocks, ref _random[lane]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Replace(TSession session, TBlock[] blocks, ref XorShift64 state)
    {
        XorShift64 random = state;
        int sum = 0;
        for (int i = 0; i < Slots; i++)
        {
            ulong choice = random.Next();
            ref TBlock slot = ref blocks[XorShift64.UpperBelow(choice, blocks.Length)];
            session.Free(slot);
            TBlock block = session.Allocate((nuint)(SmallestBytes + XorShift64.MiddleBelow(choice, Sizes)));

            // Two bytes are written and one is read back; the JIT would drop a read that nobody uses.
            ref byte bytes = ref MemoryMarshal.GetReference(block.Bytes(2));
            Volatile.Write(ref bytes, 1);
            Volatile.Write(ref Unsafe.Add(ref bytes, 1), 2);
            sum += Volatile.Read(ref bytes);
            slot = block;
        }

        state = random;
        return sum;
    }
}
