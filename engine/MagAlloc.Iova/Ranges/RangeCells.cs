using System.Numerics;
using System.Runtime.CompilerServices;

namespace MagAlloc.Iova.Ranges;

/// <summary>The arithmetic of a word of a <see cref="RangeTree"/>: 32 cells of two bits, one a unit, cell 0 in the low bits.</summary>
internal static class RangeCells
{
    /// <summary>Cells in a word.</summary>
    public const int PerWord = 32;

    /// <summary>The largest order of an aligned block inside a word.</summary>
    public const int LargestOrder = 5;

    // Codes of a cell, and states of an entry.
    public const ulong Free = 0;
    public const ulong Continues = 1;
    public const ulong Held = 2;
    public const ulong Start = 3;

    private const ulong LowBits = 0x5555_5555_5555_5555;
    private const ulong HighBits = LowBits << 1;

    // Bit 2i of element k is set where cell i begins an aligned block of order k.
    private static ReadOnlySpan<ulong> Aligned =>
    [
        0x5555_5555_5555_5555, 0x1111_1111_1111_1111, 0x0101_0101_0101_0101, 0x0001_0001_0001_0001, 0x0000_0001_0000_0001, 1,
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong CodeAt(ulong word, int cell) => (word >> (cell * 2)) & 3;

    /// <summary>All bits of some cells.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mask(int cell, int count) => (ulong.MaxValue >> (64 - (count * 2))) << (cell * 2);

    /// <summary>Cells in use, the first of which has the given code.</summary>
    public static ulong Pattern(int cell, int count, ulong code)
        => (Mask(cell, count) & LowBits & ~(1UL << (cell * 2))) | (code << (cell * 2));

    /// <summary>Bit 2i is set where cell i is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FreeCells(ulong word) => ~(word | (word >> 1)) & LowBits;

    /// <summary>Bit 2i is set where cell i is in use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong UsedCells(ulong word) => (word | (word >> 1)) & LowBits;

    /// <summary>Bit 2i is set where cell i begins a free aligned block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FreeBlocks(ulong word, int order)
    {
        ulong free = FreeCells(word);
        for (int have = 0; have < order; have++)
        {
            free &= free >> (2 << have);
        }

        return free & Aligned[order];
    }

    /// <summary>The largest order of a free aligned block in the word; -1 when every cell is in use.</summary>
    public static int LargestFree(ulong word)
    {
        ulong free = FreeCells(word);
        int order = -1;
        while (free != 0)
        {
            order++;
            if (order == LargestOrder)
            {
                break;
            }

            free = free & (free >> (2 << order)) & Aligned[order + 1];
        }

        return order;
    }

    /// <summary>The blocks that begin at the given cells (bit 2i: cell i), as ranges in use.</summary>
    public static ulong Blocks(ulong starts, int order) => (starts * (BlockMask(order) & LowBits)) | (starts << 1);

    /// <summary>All bits of the blocks that begin at the given cells.</summary>
    public static ulong BlockBits(ulong starts, int order) => starts * BlockMask(order);

    /// <summary>The given number of highest bits of a set that has at least as many.</summary>
    public static ulong Highest(ulong set, int count)
    {
        for (int excess = BitOperations.PopCount(set) - count; excess > 0; excess--)
        {
            set &= set - 1;
        }

        return set;
    }

    /// <summary>
    /// Bit 2i is set where a range begins at cell i that is aligned and of 2^order units, as far as this word tells: of one
    /// that reaches the word's end, the next word tells whether it goes on.
    /// </summary>
    /// <param name="word">The word.</param>
    /// <param name="order">At most <see cref="LargestOrder"/>.</param>
    /// <param name="heldToo">Ranges with the code <see cref="Held"/> count as well.</param>
    public static ulong RangesOf(ulong word, int order, bool heldToo)
    {
        ulong going = ContinuingCells(word);
        ulong starts = (word >> 1) & LowBits & Aligned[order];
        if (!heldToo)
        {
            starts &= word;
        }

        // run: bit 2i is set where cells i to i + length - 1 continue a range; the length grows to 2^order - 1.
        ulong run = ulong.MaxValue;
        for (int have = 0; have < order; have++)
        {
            int length = (1 << have) - 1;
            run = run & (run >> (length * 2)) & (going >> (length * 4));
        }

        ulong rest = order == 0 ? ulong.MaxValue : run >> 2;
        ulong behind = order == LargestOrder ? 0 : going >> (2 << order);
        return starts & rest & ~behind;
    }

    /// <summary>How many cells, from the given one, belong to the range that begins there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthFrom(ulong word, int cell)
        => 1 + Continuing((word >> (cell * 2)) >> 2);

    /// <summary>How many cells, from the lowest, continue a range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Continuing(ulong word) => BitOperations.TrailingZeroCount(~ContinuingCells(word) & LowBits) >> 1;

    /// <summary>How many cells, from the given one downwards, continue a range; at most all.</summary>
    public static int ContinuingDown(ulong word, int cell)
    {
        ulong going = ContinuingCells(word << (62 - (cell * 2)));
        return BitOperations.LeadingZeroCount(~(going << 1) & HighBits) >> 1;
    }

    /// <summary>How many cells, from the given one downwards, are free; at most all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FreeDown(ulong word, int cell) => ClearDown(UsedCells(word), cell);

    /// <summary>How many cells, from the given one downwards, are in use; at most all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int UsedDown(ulong word, int cell) => ClearDown(FreeCells(word), cell);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ClearDown(ulong set, int cell)
    {
        // Bit 63 is clear whatever the set, so an empty one gives (64 - 1) / 2 = 31, one too few for the whole word.
        set <<= 62 - (cell * 2);
        return set == 0 ? cell + 1 : (BitOperations.LeadingZeroCount(set) - 1) >> 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong BlockMask(int order) => ulong.MaxValue >> (64 - (2 << order));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ContinuingCells(ulong word) => word & ~(word >> 1) & LowBits;
}
