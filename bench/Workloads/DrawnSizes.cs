namespace MagAlloc.Bench.Workloads;

/// <summary>Sizes from a smallest to a largest one, uniformly, each computed where it is needed: any of them can come up.</summary>
internal readonly struct DrawnSizes(int smallestBytes, int largestBytes) : ISizes
{
    private readonly int _count = largestBytes - smallestBytes + 1;

    public int Of(ulong number) => smallestBytes + XorShift64.MiddleBelow(number, _count);
}
