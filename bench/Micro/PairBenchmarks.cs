using System.Diagnostics.CodeAnalysis;
using BenchmarkDotNet.Attributes;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Micro;

/// <summary>The fast paths: one block is allocated and freed, over and over.</summary>
[SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls CleanUp.")]
public unsafe class PairBenchmarks : HeapBenchmarks
{
    private const int Pairs = 1000;

    // A field, not a constant: the class must not be known at compile time.
    private readonly nuint _bytes = 64;
    private UnmanagedPool<Item64>? _pool;

    public override void SetUp()
    {
        base.SetUp();
        _pool = new UnmanagedPool<Item64>(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual });
    }

    public override void CleanUp()
    {
        _pool?.Dispose();
        base.CleanUp();
    }

    [Benchmark(OperationsPerInvoke = Pairs)]
    public void HeapPair()
    {
        NativeHeap heap = Heap;
        for (int i = 0; i < Pairs; i++)
            heap.Free(heap.Allocate(_bytes));
    }

    [Benchmark(OperationsPerInvoke = Pairs)]
    public void SizedFreePair()
    {
        NativeHeap heap = Heap;
        for (int i = 0; i < Pairs; i++)
            heap.FreeSized(heap.Allocate(_bytes), _bytes);
    }

    [Benchmark(OperationsPerInvoke = Pairs)]
    public void HandlePair()
    {
        using HeapThread thread = Heap.OpenThread();
        for (int i = 0; i < Pairs; i++)
            thread.Free(thread.Allocate(_bytes));
    }

    [Benchmark(OperationsPerInvoke = Pairs)]
    public void PoolPair()
    {
        UnmanagedPool<Item64> pool = _pool!;
        for (int i = 0; i < Pairs; i++)
            pool.Return(pool.Rent());
    }
}
