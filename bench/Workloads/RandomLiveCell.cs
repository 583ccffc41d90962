using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// <see cref="RandomLiveWorkload"/> with one contender. The live set stays from round to round: it ages, as a program's does.
/// </summary>
internal sealed class RandomLiveCell<TContender, TSession, TBlock>(TContender contender) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Replacements = 4096;
    private const int LiveBits = 12;
    private const int Live = 1 << LiveBits;
    private const int SmallestBytes = 16;
    private const int LargestBytes = 4096;
    private const ulong Seed = 0x9E3779B97F4A7C15;

    // Precomputed, because the modulo would cost more than the allocation; few enough to stay in the first cache.
    private const int SizeBits = 12;
    private readonly ushort[] _sizes = new ushort[1 << SizeBits];
    private readonly TBlock[] _blocks = new TBlock[Live];
    private XorShift64 _random = new(Seed);

    public override long OperationsPerSlice => Replacements;

    public override void Prepare(int lane)
    {
        XorShift64 random = new(Seed);
        for (int i = 0; i < _sizes.Length; i++)
            _sizes[i] = (ushort)(SmallestBytes + ((random.Next() >> 16) % (LargestBytes - SmallestBytes + 1)));

        using TSession session = contender.Open();
        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = session.Allocate(_sizes[i]);
            _blocks[i].Touch();
        }
    }

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
            Slice(session, _blocks, _sizes, ref _random);
    }

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        foreach (TBlock block in _blocks)
            session.Free(block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession session, TBlock[] blocks, ushort[] sizes, ref XorShift64 state)
    {
        XorShift64 random = state;
        for (int i = 0; i < Replacements; i++)
        {
            // One number gives both choices, each from bits of its own.
            ulong choice = random.Next();
            ref TBlock slot = ref blocks[choice >> (64 - LiveBits)];
            session.Free(slot);
            TBlock block = session.Allocate(sizes[(choice >> (64 - LiveBits - SizeBits)) & ((1 << SizeBits) - 1)]);
            block.Touch();
            slot = block;
        }

        state = random;
    }
}
