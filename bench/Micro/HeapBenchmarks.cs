using System.Diagnostics.CodeAnalysis;
using BenchmarkDotNet.Attributes;

namespace MagAlloc.Bench.Micro;

/// <summary>Benchmarks on a heap of their own, without a reclaim worker: a background thread would show in single steps.</summary>
[SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls CleanUp.")]
public abstract class HeapBenchmarks
{
    private NativeHeap? _heap;

    protected NativeHeap Heap => _heap!;

    [GlobalSetup]
    public virtual void SetUp() => _heap = new NativeHeap(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });

    [GlobalCleanup]
    public virtual void CleanUp() => _heap?.Dispose();
}
