using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// <see cref="RandomLiveWorkload"/> with one contender. The live set stays from round to round: it ages, as a program's does.
/// </summary>
internal sealed class RandomLiveCell<TContender, TSession, TBlock, TSizes>(TContender contender, int live, TSizes sizes, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
    where TSizes : struct, ISizes
{
    private const int Replacements = 4096;

    private readonly TBlock[][] _blocks = new TBlock[lanes][];
    private readonly XorShift64[] _random = new XorShift64[lanes];

    public override long OperationsPerSlice => (long)Replacements * lanes;

    public override void Prepare(int lane)
    {
        _random[lane] = XorShift64.Numbered(lane);
        XorShift64 random = XorShift64.Numbered(-3 - lane);
        TBlock[] blocks = new TBlock[live];
        using TSession session = contender.Open();
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = session.Allocate((nuint)sizes.Of(random.Next()));
            blocks[i].Touch();
        }

        _blocks[lane] = blocks;
    }

    public override void Run(int lane, long slices)
    {
        TBlock[] blocks = _blocks[lane];
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
            Slice(session, blocks, sizes, ref _random[lane]);
    }

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        foreach (TBlock block in _blocks[lane])
            session.Free(block);
        _blocks[lane] = [];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession session, TBlock[] blocks, TSizes sizes, ref XorShift64 state)
    {
        XorShift64 random = state;
        for (int i = 0; i < Replacements; i++)
        {
            // One number gives both choices, each from bits of its own.
            ulong choice = random.Next();
            ref TBlock slot = ref blocks[XorShift64.UpperBelow(choice, blocks.Length)];
            session.Free(slot);
            TBlock block = session.Allocate((nuint)sizes.Of(choice));
            block.Touch();
            slot = block;
        }

        state = random;
    }
}
