using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Iova.Ranges;

/// <summary>The shape of a <see cref="RangeTree"/>, and where its words, entries and notes lie. Changes none of them.</summary>
internal readonly unsafe struct RangeTable
{
    public const int WordShift = 5;

    private const int MostLevels = 24;
    private const int MostStripes = 8;
    private const ulong UnitsForStripes = 1UL << 16;
    private const nuint Line = 128;

    private readonly Level* _levels;

    /// <summary>
    /// Lays everything out, the highest level first: the small ones share pages. The memory is zeroed, and <see cref="Bytes"/>
    /// long; null to learn how long that is. The shape is that of the tree's constructor.
    /// </summary>
    public RangeTable(ulong units, int leafShift, int fanShift, int topEntries, byte* memory)
    {
        int ShiftOf(int level) => level == 0 ? WordShift : leafShift + (fanShift * (level - 1));

        Units = units;
        LeafShift = leafShift;
        Top = 1;
        while ((units - 1) >> ShiftOf(Top) >= (ulong)topEntries)
        {
            Top++;
        }

        int topShift = ShiftOf(Top);
        Capacity = (((units - 1) >> topShift) + 1) << topShift;
        _levels = (Level*)memory;
        nuint at = Aligned(MostLevels * (nuint)sizeof(Level), Line);
        int stripes = units < UnitsForStripes ? 1 : MostStripes; // so few units share their words as it is
        Books = new RangeBooks((long*)(memory + at), stripes);
        at += (nuint)(stripes * RangeBooks.StripeBytes);
        for (int level = Top; level >= 0; level--)
        {
            nuint bytes = Aligned((nuint)(Capacity >> ShiftOf(level)) * sizeof(ulong), Line);
            if (memory != null)
            {
                _levels[level] = new Level((ulong*)(memory + at), (ulong*)(memory + at + bytes), ShiftOf(level));
            }

            at += level == 0 ? bytes : bytes * (1 + RangeLongest.Slots);
        }

        Bytes = Aligned(at, VirtualMemory.PageSize);
    }

    /// <summary>Size of the space.</summary>
    public ulong Units { get; }

    /// <summary>Units that the words and entries stand for. Those beyond the space are in use for ever.</summary>
    public ulong Capacity { get; }

    /// <summary>What all of it takes, in whole pages.</summary>
    public nuint Bytes { get; }

    /// <summary>The highest level.</summary>
    public int Top { get; }

    /// <summary>Binary logarithm of the units in a leaf.</summary>
    public int LeafShift { get; }

    public RangeBooks Books { get; }

    /// <summary>Room for what <see cref="Split"/> writes.</summary>
    public int MostSegments => (2 * Top) + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ulong Entry(int level, ulong index) => ref _levels[level].Entries[index];

    /// <summary>A word beside an entry: of free runs of any place (0), or of aligned ones (1).</summary>
    public ref ulong Note(int level, ulong index, int slot) => ref _levels[level].Notes[(index * RangeLongest.Slots) + (ulong)slot];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Shift(int level) => _levels[level].Shift;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong SizeOf(int level) => 1UL << _levels[level].Shift;

    /// <summary>The entry of the next level that an entry belongs to; 0 above the top.</summary>
    public ulong ParentOf(int level, ulong index) => level == Top ? 0 : index >> (Shift(level + 1) - Shift(level));

    /// <summary>The first unit behind the word or entry that holds a unit.</summary>
    public ulong Behind(int level, ulong unit) => (unit | (SizeOf(level) - 1)) + 1;

    public bool IsEmpty(int level, ulong index)
    {
        ulong seen = Atomic.Load(ref Entry(level, index));
        return level == 0 ? seen == 0 : RangeEntry.IsEmpty(seen);
    }

    /// <summary>The level of the largest subtree that begins at a unit, and ends at or below another one; 0 when no leaf does.</summary>
    public int LargestAt(ulong unit, ulong last = ulong.MaxValue)
    {
        int level = 0;
        while (level < Top && (unit & (SizeOf(level + 1) - 1)) == 0 && last - unit >= SizeOf(level + 1) - 1)
        {
            level++;
        }

        return level;
    }

    /// <summary>The pieces of a range, ascending, neighbours on one level under one parent together.</summary>
    /// <returns>How many; at most two a level and one.</returns>
    public int Split(ulong first, ulong last, RangeSegment* into)
    {
        int count = 0;
        for (ulong at = first; ; at = into[count - 1].Last + 1)
        {
            int level = LargestAt(at, last);
            ulong end = level == Top ? last : Math.Min(last, Behind(level + 1, at) - 1);
            if (level != 0)
            {
                end = at + ((end - at + 1) & ~(SizeOf(level) - 1)) - 1;
            }

            into[count++] = new RangeSegment { First = at, Last = end, Level = level };
            if (end == last)
            {
                return count;
            }
        }
    }

    /// <summary>The lowest unit, from the given one on, that is a multiple of 2^order.</summary>
    public static ulong AlignedUp(ulong unit, int order)
    {
        ulong mask = (1UL << order) - 1;
        return (unit + mask) & ~mask;
    }

    private static nuint Aligned(nuint bytes, nuint unit) => (bytes + unit - 1) & ~(unit - 1);

    /// <summary>Level 0 are the words, every other one is an array of entries: one 64-bit word a subtree, lowest units first.</summary>
    /// <param name="entries">The words or entries.</param>
    /// <param name="notes">Two words for each entry (<see cref="RangeLongest"/>). Words have none.</param>
    /// <param name="shift">Binary logarithm of the units that one of them stands for.</param>
    private readonly struct Level(ulong* entries, ulong* notes, int shift)
    {
        public readonly ulong* Entries = entries;
        public readonly ulong* Notes = notes;
        public readonly int Shift = shift;
    }
}
