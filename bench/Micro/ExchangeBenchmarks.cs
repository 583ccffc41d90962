using BenchmarkDotNet.Attributes;

namespace MagAlloc.Bench.Micro;

/// <summary>
/// More blocks at a time than the two magazines of a thread hold, so that every round exchanges full magazines with the depot. Two
/// round trips of different lengths: what the longer one takes more, per block, is the exchange.
/// </summary>
public unsafe class ExchangeBenchmarks : HeapBenchmarks
{
    private const int Bytes = 64;
    private const int WithinMagazines = 100;
    private const int BeyondMagazines = 1000;

    private readonly nint[] _blocks = new nint[BeyondMagazines];

    [Benchmark(OperationsPerInvoke = WithinMagazines)]
    public void WithinTheMagazines() => RoundTrip(WithinMagazines);

    [Benchmark(OperationsPerInvoke = BeyondMagazines)]
    public void ThroughTheDepot() => RoundTrip(BeyondMagazines);

    private void RoundTrip(int count)
    {
        NativeHeap heap = Heap;
        Span<nint> blocks = _blocks.AsSpan(0, count);
        foreach (ref nint block in blocks)
            block = (nint)heap.Allocate(Bytes);
        foreach (nint block in blocks)
            heap.Free((void*)block);
    }
}
