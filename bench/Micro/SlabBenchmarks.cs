using BenchmarkDotNet.Attributes;
using MagAlloc.Slabs;

namespace MagAlloc.Bench.Micro;

/// <summary>What lies behind a miss of all magazines: blocks claimed from a slab's bitmap and given back, in batches.</summary>
public unsafe class SlabBenchmarks : HeapBenchmarks
{
    private const int Bytes = 64;

    private readonly nuint[] _blocks = new nuint[64];
    private int _code;

    /// <summary>Blocks at a time.</summary>
    [Params(1, 64)]
    public int Batch { get; set; }

    public override void SetUp()
    {
        base.SetUp();
        _code = SizeClasses.CodeOf(Bytes - 1);

        // One stays out: an empty slab would be retired and made anew each time.
        Heap.Allocate(Bytes);
    }

    [Benchmark]
    public void ClaimAndReturn()
    {
        SlabSpace slabs = Heap.Core.Slabs;
        fixed (nuint* blocks = _blocks)
        {
            int claimed = slabs.Acquire(_code, blocks, Batch);
            slabs.Release(_code, blocks, claimed);
        }
    }
}
