using System.Runtime.CompilerServices;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova.Cells;

/// <summary>
/// The space below 4 GiB is full. Each operation asks for a range of 1 to 32 granules there; as long as it is refused, random ranges are
/// freed. What was freed lies in the caches of other sizes, or in holes between ranges.
/// </summary>
internal sealed class IovaPressureCell<TAllocator>(TAllocator allocator, int lanes) : Cell
    where TAllocator : struct, IIovaAllocator
{
    private const int Requests = 16;
    private const int Orders = 6;

    private readonly List<(ulong Pfn, ulong Size)>[] _held = [.. Enumerable.Range(0, lanes).Select(_ => new List<(ulong, ulong)>())];
    private readonly XorShift64[] _random = [.. Enumerable.Range(0, lanes).Select(lane => XorShift64.Numbered(lane))];

    public override long OperationsPerSlice => (long)Requests * lanes;

    public override void Prepare(int lane)
    {
        while (true)
        {
            ulong size = 1UL << _random[lane].Below(Orders);
            if (!allocator.TryAllocateFast(size, allocator.Dma32LastPfn, out ulong pfn))
                return;
            _held[lane].Add((pfn, size));
        }
    }

    public override void Run(int lane, long slices)
    {
        for (; slices > 0; slices--)
            Slice(allocator, _held[lane], ref _random[lane]);
    }

    public override void Clean(int lane)
    {
        foreach ((ulong pfn, ulong size) in _held[lane])
            allocator.FreeFast(pfn, size);
        _held[lane].Clear();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Slice(TAllocator allocator, List<(ulong Pfn, ulong Size)> held, ref XorShift64 random)
    {
        for (int i = 0; i < Requests; i++)
        {
            ulong size = 1UL << random.Below(Orders);
            ulong pfn;
            bool got;
            while (!(got = allocator.TryAllocateFast(size, allocator.Dma32LastPfn, out pfn)) && held.Count != 0)
            {
                int index = random.Below(held.Count);
                (ulong victim, ulong victimSize) = held[index];
                held[index] = held[^1];
                held.RemoveAt(held.Count - 1);
                allocator.FreeFast(victim, victimSize);
            }

            // Without: the other lanes hold all there is.
            if (got)
                held.Add((pfn, size));
        }
    }
}
