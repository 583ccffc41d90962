using MagAlloc.Bench.Iova.Cells;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova;

/// <summary>Every workload of <c>bench iova</c>, in the order of its report.</summary>
internal static class IovaWorkloadCatalog
{
    public const string Pair = "pair";
    public const string AlignedEmpty = "aligned-empty";
    public const string AlignedFragmented = "aligned-fragmented";

    private const int Fragments = 100_000;
    private const int LargestCached = 32;
    private const int LargestMixed = 256;

    public static IReadOnlyList<IovaWorkload> All { get; } =
    [
        new PairOf(Pair, "get and free one pfn by the fast calls, over and over"),
        new Mixed("mixed", "1 to 32 pfns at random, 1,024 ranges in flight in each thread", LargestCached, halfLow: false),
        new Mixed("mixed-limits", "the same, half of them below 4 GiB", LargestCached, halfLow: true),
        new Mixed("mixed-uncached", "1 to 256 pfns at random: most are larger than what is cached", LargestMixed, halfLow: false),
        new Aligned(AlignedEmpty, "aligned requests of 1 to 64 pfns past the magazines, in an empty space", 0),
        new Aligned(AlignedFragmented, "the same between 100,000 live ranges, one of which moves for every 32", Fragments),
        new Pressure("pressure-32", "requests for 1 to 32 pfns below 4 GiB, where all is taken: free until one is met"),
    ];

    private sealed class PairOf(string name, string description) : IovaWorkload(name, description)
    {
        public override Cell Enter<TAllocator>(TAllocator allocator, int lanes) => new IovaPairCell<TAllocator>(allocator, 1, lanes);
    }

    private sealed class Mixed(string name, string description, int largest, bool halfLow) : IovaWorkload(name, description)
    {
        public override Cell Enter<TAllocator>(TAllocator allocator, int lanes) =>
            new IovaMixedCell<TAllocator>(allocator, largest, halfLow, lanes);
    }

    private sealed class Aligned(string name, string description, int fragments) : IovaWorkload(name, description)
    {
        public override Cell Enter<TAllocator>(TAllocator allocator, int lanes) => new IovaAlignedCell<TAllocator>(allocator, fragments, lanes);
    }

    private sealed class Pressure(string name, string description) : IovaWorkload(name, description)
    {
        public override Cell Enter<TAllocator>(TAllocator allocator, int lanes) => new IovaPressureCell<TAllocator>(allocator, lanes);
    }
}
