namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Sizes from 16 bytes up to a largest one, uniformly: drawn in advance, and few enough to stay in the first cache.
/// </summary>
internal readonly struct TableSizes(int largestBytes) : ISizes
{
    private const int SmallestBytes = 16;
    private const int Bits = 12;

    private readonly ushort[] _sizes = UpTo(largestBytes);

    public int Of(ulong number) => _sizes[(number >> (32 - Bits)) & ((1 << Bits) - 1)];

    private static ushort[] UpTo(int largestBytes)
    {
        XorShift64 random = XorShift64.Numbered(-2);
        ushort[] sizes = new ushort[1 << Bits];
        foreach (ref ushort size in sizes.AsSpan())
        {
            size = (ushort)(SmallestBytes + random.Below(largestBytes - SmallestBytes + 1));
        }

        return sizes;
    }
}
