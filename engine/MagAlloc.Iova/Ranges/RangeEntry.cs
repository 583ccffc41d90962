using System.Runtime.CompilerServices;

namespace MagAlloc.Iova.Ranges;

/// <summary>The fields of an entry of a <see cref="RangeTree"/>: one 64-bit word a subtree.</summary>
/// <remarks>
/// Low to high: <em>state</em> (2 bits, a code of <see cref="RangeCells"/>: 0 unless the subtree is held as a whole),
/// <em>lack</em> (6 bits: the order of the subtree less the largest order that may be free inside; so zeroed memory is "all
/// free", and "nothing free" is the order + 1), <em>lowering</em> (1 bit), <em>count</em> (22 bits), <em>version</em> (33
/// bits). What they mean together is in the header of <see cref="RangeCredits"/>.
/// </remarks>
internal static class RangeEntry
{
    public const ulong StateMask = 3;
    public const ulong Lowering = 1UL << 8;
    public const ulong OneCount = 1UL << CountShift;
    public const ulong CountMask = ((1UL << CountBits) - 1) << CountShift;
    public const ulong OneVersion = 1UL << (CountShift + CountBits);

    /// <summary>The bits that a lowering in two steps must find as it left them.</summary>
    public const ulong LoweringMask = Lowering | ~(OneVersion - 1);

    private const int LackShift = 2;
    private const ulong LackMask = 63UL << LackShift;
    private const int CountShift = 9;
    private const int CountBits = 22;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsEmpty(ulong entry) => (entry & (StateMask | CountMask)) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Lack(ulong entry) => (int)((entry & LackMask) >> LackShift);

    /// <summary>The entry with another lack, and no lowering under way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WithLack(ulong entry, int lack) => (entry & ~(LackMask | Lowering)) | ((ulong)lack << LackShift);

    /// <summary>The largest order that may be free inside; -1 when none is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bound(ulong entry, int shift)
    {
        if ((entry & StateMask) != 0)
        {
            return -1;
        }

        int bound = shift - Lack(entry);

        // A subtree in which something is in use is not free as a whole, whatever the lack says: claims do not touch it.
        return bound == shift && (entry & CountMask) != 0 ? shift - 1 : bound;
    }

    /// <summary>The order of the largest aligned row of set bits; at least one is set.</summary>
    public static int LargestRow(ulong set, int bits)
    {
        int order = 0;
        while (order < bits)
        {
            int half = 1 << order;
            ulong aligned = order == 5 ? 1 : ulong.MaxValue / ((1UL << (2 * half)) - 1);
            set = set & (set >> half) & aligned;
            if (set == 0)
            {
                break;
            }

            order++;
        }

        return order;
    }
}
