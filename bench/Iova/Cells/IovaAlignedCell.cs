using System.Runtime.CompilerServices;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova.Cells;

/// <summary>
/// Aligned requests past the magazines, in a space that is empty or full of fragments: batches of ranges of 1 to 64 granules are got
/// and freed. With fragments one of them changes place after each batch, as in a space that is in use: else an allocator
/// that remembers where it was would never have to search.
/// </summary>
internal sealed class IovaAlignedCell<TAllocator> : Cell
    where TAllocator : struct, IIovaAllocator
{
    private const int Batch = 32;
    private const int BatchesPerSlice = 8;
    private const int Orders = 7;
    private const int LargestFragment = 16;

    private readonly TAllocator _allocator;
    private readonly int _lanes;
    private readonly ulong[][] _fragments;
    private readonly XorShift64[] _random;

    public IovaAlignedCell(TAllocator allocator, int fragments, int lanes)
    {
        _allocator = allocator;
        _lanes = lanes;
        _fragments = [.. Enumerable.Range(0, lanes).Select(_ => Array.Empty<ulong>())];
        _random = [.. Enumerable.Range(0, lanes).Select(lane => XorShift64.Numbered(lane))];
        if (fragments != 0)
            Scatter(fragments);
    }

    public override long OperationsPerSlice => (long)Batch * BatchesPerSlice * _lanes;

    public override void Run(int lane, long slices)
    {
        for (; slices > 0; slices--)
            Slice(_allocator, _fragments[lane], ref _random[lane]);
    }

    public override void Clean(int lane)
    {
        foreach (ulong pfn in _fragments[lane])
            _allocator.Free(pfn);
        _fragments[lane] = [];
    }

    // Twice as many ranges as wanted, of all sizes, one below the other; then every other one goes and leaves a hole.
    private void Scatter(int fragments)
    {
        XorShift64 random = XorShift64.Numbered(-3);
        List<ulong>[] kept = [.. _fragments.Select(_ => new List<ulong>())];
        List<ulong> holes = [];
        for (int i = 0; i < fragments; i++)
        {
            kept[i % _lanes].Add(Get(_allocator, 1 + (ulong)random.Below(LargestFragment)));
            holes.Add(Get(_allocator, 1 + (ulong)random.Below(LargestFragment)));
        }

        foreach (ulong pfn in holes)
            _allocator.Free(pfn);
        for (int lane = 0; lane < _lanes; lane++)
            _fragments[lane] = [.. kept[lane]];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TAllocator allocator, ulong[] fragments, ref XorShift64 state)
    {
        XorShift64 random = state;
        Span<ulong> pfns = stackalloc ulong[Batch];
        for (int batch = 0; batch < BatchesPerSlice; batch++)
        {
            for (int i = 0; i < Batch; i++)
                pfns[i] = Get(allocator, 1UL << random.Below(Orders));
            foreach (ulong pfn in pfns)
                allocator.Free(pfn);
            if (fragments.Length == 0)
                continue;
            ref ulong moved = ref fragments[random.Below(fragments.Length)];
            allocator.Free(moved);
            moved = Get(allocator, 1 + (ulong)random.Below(LargestFragment));
        }

        state = random;
    }

    private static ulong Get(TAllocator allocator, ulong size) =>
        allocator.TryAllocate(size, allocator.LastPfn, out ulong pfn) ? pfn : throw new InvalidOperationException("a range was refused");
}
