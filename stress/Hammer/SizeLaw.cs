using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// The sizes of a hammer run: most small, as in real programs (class k of 8 with probability 2^-(k+1), uniform within
/// (2^(k+2), 2^(k+3)]), a few up to 32 KiB, fewer up to 256 KiB, a rare one up to the largest, now and then 0.
/// </summary>
internal static class SizeLaw
{
    private const uint Parts = 10_000;
    private const uint LargestParts = 4;
    private const uint LargeParts = 40;
    private const uint MediumParts = 500;
    private const uint ZeroParts = 5;

    private const ulong MediumLimit = 32 << 10;
    private const ulong LargeLimit = 256 << 10;

    public static nuint Next(ref SplitMix64 random, long maxSize)
    {
        uint part = random.Below(Parts);
        ulong size;
        if (part < LargestParts)
            size = random.Between(1, (ulong)maxSize);
        else if (part < LargestParts + LargeParts)
            size = random.Between(MediumLimit, LargeLimit);
        else if (part < LargestParts + LargeParts + MediumParts)
            size = random.Between(1024, MediumLimit);
        else if (part >= Parts - ZeroParts)
            size = 0;
        else
            size = Small(ref random);
        return (nuint)Math.Min(size, (ulong)maxSize);
    }

    /// <summary>1 to 1,024 bytes, most of them below 64.</summary>
    public static nuint Small(ref SplitMix64 random)
    {
        int k = Math.Min(System.Numerics.BitOperations.TrailingZeroCount(random.Next()), 7);
        ulong upper = 1UL << (k + 3);
        return (nuint)random.Between(k == 0 ? 1 : (upper / 2) + 1, upper);
    }
}
