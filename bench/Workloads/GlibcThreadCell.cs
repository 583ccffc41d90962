using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="GlibcThreadWorkload"/> with one contender.</summary>
internal sealed class GlibcThreadCell<TContender, TSession, TBlock>(TContender contender, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int Slots = 1024;
    private const int SizeCount = 8000;
    private const int VictimCount = 4096;
    private const double SmallestBytes = 4;
    private const double LargestBytes = 32768;

    // A slice goes once through all the sizes.
    private readonly ushort[] _sizes = Sizes();
    private readonly ushort[] _victims = Victims();
    private readonly TBlock[][] _blocks = new TBlock[lanes][];

    public override long OperationsPerSlice => (long)SizeCount * lanes;

    public override void Prepare(int lane)
    {
        TBlock[] blocks = new TBlock[Slots];
        using TSession session = contender.Open();
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = session.Allocate(_sizes[i]);
            blocks[i].Touch();
        }

        _blocks[lane] = blocks;
    }

    public override void Run(int lane, long slices)
    {
        TBlock[] blocks = _blocks[lane];
        using TSession session = contender.Open();

        // Slots and sizes go round at different lengths, and each lane enters at another place: it takes many slices until the
        // same ones meet again.
        for (int start = lane * Slots; slices > 0; slices--, start += SizeCount)
            Slice(session, blocks, _sizes, _victims, start % VictimCount);
    }

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        foreach (TBlock block in _blocks[lane])
            session.Free(block);
        _blocks[lane] = [];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TSession session, TBlock[] blocks, ushort[] sizes, ushort[] victims, int start)
    {
        for (int i = 0; i < sizes.Length; i++)
        {
            ref TBlock slot = ref blocks[victims[(start + i) & (VictimCount - 1)]];
            session.Free(slot);
            int bytes = sizes[i];
            TBlock block = session.Allocate((nuint)bytes);
            block.Bytes(bytes).Fill(1);
            slot = block;
        }
    }

    private static ushort[] Sizes()
    {
        XorShift64 random = XorShift64.Numbered(-1);
        ushort[] sizes = new ushort[SizeCount];
        foreach (ref ushort size in sizes.AsSpan())
        {
            double u = (random.Next() >> 11) / (double)(1UL << 53);
            size = (ushort)(1 / ((1 / SmallestBytes) - (u * ((1 / SmallestBytes) - (1 / LargestBytes)))));
        }

        return sizes;
    }

    private static ushort[] Victims()
    {
        XorShift64 random = XorShift64.Numbered(-2);
        ushort[] victims = new ushort[VictimCount];
        foreach (ref ushort victim in victims.AsSpan())
            victim = (ushort)random.Below(Slots);
        return victims;
    }
}
