using BenchmarkDotNet.Attributes;
using MagAlloc.Bench.Workloads;
using MagAlloc.Slabs;

namespace MagAlloc.Bench.Micro;

/// <summary>The two ways to a size class: computed from a size, and read from the page map for an address.</summary>
public unsafe class LookUpBenchmarks : HeapBenchmarks
{
    private const int Count = 4096;
    private const int LargestBytes = 4096;

    private readonly ushort[] _sizes = new ushort[Count];
    private readonly nuint[] _addresses = new nuint[Count];

    public override void SetUp()
    {
        base.SetUp();
        XorShift64 random = new(1);
        for (int i = 0; i < Count; i++)
        {
            _sizes[i] = (ushort)(1 + ((random.Next() >> 16) % LargestBytes));
            _addresses[i] = (nuint)Heap.Allocate(_sizes[i]);
        }
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int SizeClass()
    {
        int sum = 0;
        foreach (ushort size in _sizes)
            sum += SizeClasses.CodeOf((nuint)size - 1);
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int PageMapLookUp()
    {
        Arena arena = Heap.Core.Arena;
        nuint first = (nuint)arena.Base;
        byte* map = arena.PageMap;
        int sum = 0;
        foreach (nuint address in _addresses)
            sum += map[(address - first) >> Arena.ChunkShift];
        return sum;
    }

    /// <summary>Also the block's number in its slab: what the slow path and the checks ask for.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public int BlockLookUp()
    {
        SlabSpace slabs = Heap.Core.Slabs;
        int sum = 0;
        foreach (nuint address in _addresses)
        {
            slabs.TryLocate(address, out _, out _, out int index, out _);
            sum += index;
        }

        return sum;
    }
}
