using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="ThreadChurnWorkload"/> with one contender: a slice is a thread's life on each lane.</summary>
internal sealed class ThreadChurnCell<TContender, TSession, TBlock>(TContender contender, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int BlocksPerLife = 4096;
    private const int LeftOneOf = 4;
    private const int SmallestBytes = 16;
    private const int Sizes = 1009;

    private readonly TBlock[][] _own = new TBlock[lanes][];
    private readonly TBlock[][] _inherited = new TBlock[lanes][];
    private readonly XorShift64[] _random = new XorShift64[lanes];

    public override long OperationsPerSlice => (long)BlocksPerLife * lanes;

    public override void Prepare(int lane)
    {
        _own[lane] = new TBlock[BlocksPerLife];
        _inherited[lane] = new TBlock[BlocksPerLife / LeftOneOf];
        _random[lane] = XorShift64.Numbered(lane);
        Dynasty.Run(1, () => Live(lane, _random));
    }

    public override void Run(int lane, long slices) => Dynasty.Run(slices, () => Live(lane, _random));

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        Bury(session, _inherited[lane]);
    }

    private void Live(int lane, XorShift64[] random)
    {
        using TSession session = contender.Open();
        Fill(session, _own[lane], ref random[lane]);
        Bury(session, _inherited[lane]);
        Leave(session, _own[lane], _inherited[lane]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(TSession session, TBlock[] own, ref XorShift64 state)
    {
        XorShift64 random = state;
        for (int i = 0; i < own.Length; i++)
        {
            TBlock block = session.Allocate((nuint)(SmallestBytes + random.Below(Sizes)));
            block.Touch();
            own[i] = block;
        }

        state = random;
    }

    // The first one in a line has inherited nothing.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Bury(TSession session, TBlock[] inherited)
    {
        for (int i = 0; i < inherited.Length; i++)
        {
            if (!inherited[i].IsNone)
                session.Free(inherited[i]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Leave(TSession session, TBlock[] own, TBlock[] bequest)
    {
        for (int i = 0; i < own.Length; i++)
        {
            if (i % LeftOneOf == 0)
                bequest[i / LeftOneOf] = own[i];
            else
                session.Free(own[i]);
        }
    }
}
