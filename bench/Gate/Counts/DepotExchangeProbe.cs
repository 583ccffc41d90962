using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Gate.Counts;

/// <summary>
/// Full magazines that cross between a thread and the depots, for every 1,000 calls: how seldom the shared part is touched. One
/// thread, no reclaim worker and fixed numbers, so the count is the same every time.
/// </summary>
internal sealed unsafe class DepotExchangeProbe : IGateProbe
{
    private const int BatchBlocks = 256;
    private const int Batches = 1000;
    private const int Bytes = 64;
    private const int RandomLive = 4096;
    private const int Replacements = 100_000;
    private const int SmallestBytes = 16;
    private const int LargestBytes = 4096;
    private const int FreedBlocks = 100_000;
    private const ulong Seed = 0x9E3779B97F4A7C15;

    private static readonly (string Name, Func<NativeHeap, (long Exchanges, long Calls)> Run)[] s_runs =
    [
        ("depot-exchanges-batch-256", Batch),
        ("depot-exchanges-random-4k-live", RandomSizes),
        ("depot-exchanges-pure-free", PureFree),
    ];

    public IReadOnlyList<GateEntry> Entries { get; } =
        [.. s_runs.Select(run => new GateEntry(run.Name, EntryKind.Count, "exchanges per 1,000 calls"))];

    public IEnumerable<Reading> Measure()
    {
        foreach ((string name, Func<NativeHeap, (long Exchanges, long Calls)> run) in s_runs)
        {
            using NativeHeap heap = new(new NativeHeapOptions { Name = name, Reclaim = ReclaimOptions.Manual });
            (long exchanges, long calls) = run(heap);
            yield return new Reading(name, Math.Round(1000.0 * exchanges / calls, 3), calls);
        }
    }

    private static (long Exchanges, long Calls) Batch(NativeHeap heap)
    {
        nint[] blocks = new nint[BatchBlocks];
        for (int batch = 0; batch < Batches; batch++)
        {
            for (int i = 0; i < blocks.Length; i++)
                blocks[i] = (nint)heap.Allocate(Bytes);
            for (int i = blocks.Length - 1; i >= 0; i--)
                heap.Free((void*)blocks[i]);
        }

        return (heap.GetStatistics().DepotExchanges, 2L * Batches * BatchBlocks);
    }

    private static (long Exchanges, long Calls) RandomSizes(NativeHeap heap)
    {
        nint[] blocks = new nint[RandomLive];
        XorShift64 random = new(Seed);
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = (nint)heap.Allocate(Size(ref random));
        long before = heap.GetStatistics().DepotExchanges;
        for (int i = 0; i < Replacements; i++)
        {
            ref nint slot = ref blocks[(random.Next() >> 40) % RandomLive];
            heap.Free((void*)slot);
            slot = (nint)heap.Allocate(Size(ref random));
        }

        return (heap.GetStatistics().DepotExchanges - before, 2L * Replacements);
    }

    private static (long Exchanges, long Calls) PureFree(NativeHeap heap)
    {
        nint[] blocks = new nint[FreedBlocks];
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = (nint)heap.Allocate(Bytes);
        long before = heap.GetStatistics().DepotExchanges;
        foreach (nint block in blocks)
            heap.Free((void*)block);
        return (heap.GetStatistics().DepotExchanges - before, FreedBlocks);
    }

    private static nuint Size(ref XorShift64 random) =>
        (nuint)(SmallestBytes + ((random.Next() >> 16) % (LargestBytes - SmallestBytes + 1)));
}
