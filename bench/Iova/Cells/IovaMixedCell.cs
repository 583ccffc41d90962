using System.Runtime.CompilerServices;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova.Cells;

/// <summary>
/// A set of ranges in flight: each operation frees a random one and gets another of another size in its place. Half of them, if so
/// wished, must lie below 4 GiB. The set stays from round to round.
/// </summary>
internal sealed class IovaMixedCell<TAllocator>(TAllocator allocator, int largest, bool halfLow, int lanes) : Cell
    where TAllocator : struct, IIovaAllocator
{
    private const int InFlight = 1024;
    private const int Replacements = 2048;

    private readonly ulong[][] _pfns = new ulong[lanes][];
    private readonly ushort[][] _sizes = new ushort[lanes][];
    private readonly XorShift64[] _random = new XorShift64[lanes];

    public override long OperationsPerSlice => (long)Replacements * lanes;

    public override void Prepare(int lane)
    {
        _random[lane] = XorShift64.Numbered(lane);
        _pfns[lane] = new ulong[InFlight];
        _sizes[lane] = new ushort[InFlight];
        for (int i = 0; i < InFlight; i++)
            Replace(allocator, ref _pfns[lane][i], ref _sizes[lane][i], _random[lane].Next(), largest, halfLow);
    }

    public override void Run(int lane, long slices)
    {
        for (; slices > 0; slices--)
            Slice(allocator, _pfns[lane], _sizes[lane], ref _random[lane], largest, halfLow);
    }

    public override void Clean(int lane)
    {
        for (int i = 0; i < InFlight; i++)
            allocator.FreeFast(_pfns[lane][i], _sizes[lane][i]);
        _pfns[lane] = [];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TAllocator allocator, ulong[] pfns, ushort[] sizes, ref XorShift64 state, int largest, bool halfLow)
    {
        XorShift64 random = state;
        for (int i = 0; i < Replacements; i++)
        {
            ulong choice = random.Next();
            int index = XorShift64.UpperBelow(choice, InFlight);
            allocator.FreeFast(pfns[index], sizes[index]);
            Replace(allocator, ref pfns[index], ref sizes[index], choice, largest, halfLow);
        }

        state = random;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Replace(TAllocator allocator, ref ulong pfn, ref ushort size, ulong choice, int largest, bool halfLow)
    {
        size = (ushort)(1 + XorShift64.MiddleBelow(choice, largest));
        ulong limit = halfLow && (choice & 1) != 0 ? allocator.Dma32LastPfn : allocator.LastPfn;
        if (!allocator.TryAllocateFast(size, limit, out pfn))
            throw new InvalidOperationException("a range was refused");
    }
}
