using System.Numerics;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>Looks at a <see cref="RangeTree"/>: which range holds a unit, what is in use next, what is free next.</summary>
/// <remarks>
/// A range that nobody claims or frees meanwhile is always found, with its true ends. One inside a word is read in one
/// step; a longer one is looked at until two looks agree. A range of several pieces that is being claimed or freed is not found. (One
/// exception, because two bits cannot tell it from a cached one: while its only visible part is an aligned power of two of
/// units at the end of a word, that part may be reported.)
/// </remarks>
internal sealed class RangeReader(RangeTable table)
{
    private const int WordShift = RangeTable.WordShift;

    /// <inheritdoc cref="RangeTree.TryFind"/>
    public bool TryFind(ulong unit, out ulong first, out ulong last)
    {
        last = 0;
        while (TryStartOf(unit, out first, out int level, out ulong seen))
        {
            ulong code = CodeOf(first, level, seen);
            last = EndOf(first, level, seen);

            // Start and end of a range that ends inside its first word were read together.
            bool whole = last >> WordShift == first >> WordShift && (last + 1) % RangeCells.PerWord != 0;
            if (last >= unit
                && (whole
                    || (TryStartOf(unit, out ulong again, out level, out seen)
                        && again == first
                        && CodeOf(first, level, seen) == code
                        && EndOf(first, level, seen) == last)))
            {
                return whole || code == RangeCells.Start || MayBeMarked(first, last);
            }
        }

        return false;
    }

    /// <inheritdoc cref="RangeTree.TryNext"/>
    public bool TryNext(ulong from, ulong to, out ulong first, out ulong last)
    {
        long steps = 0;
        while (from <= to && (from = NextUsed(from, to, table.Top, ref steps)) <= to)
        {
            if (TryFind(from, out first, out last))
            {
                return true;
            }

            // In passing, or held: on behind this piece of it.
            from = CodeAt(from, out int level, out _) != RangeCells.Free && level != 0 ? table.Behind(level, from) : from + 1;
        }

        first = 0;
        last = 0;
        return false;
    }

    /// <inheritdoc cref="RangeTree.TryNextFree"/>
    public bool TryNextFree(ulong from, ulong to, out ulong first, out ulong last)
    {
        long steps = 0;
        to = Math.Min(to, table.Units - 1);
        first = NextUsed(from, to, table.Top, ref steps, free: true);
        last = first > to ? 0 : NextUsed(first + 1, to, table.Top, ref steps) - 1;
        return first <= to;
    }

    /// <summary>The code of a range's first piece.</summary>
    public static ulong CodeOf(ulong first, int level, ulong seen)
        => level == 0 ? RangeCells.CodeAt(seen, (int)(first % RangeCells.PerWord)) : seen & RangeEntry.StateMask;

    /// <summary>Walks back to where the range that holds a unit begins.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="first">The first unit of the range.</param>
    /// <param name="level">The level of the range's first piece.</param>
    /// <param name="seen">The first piece's word or entry as it was read.</param>
    public bool TryStartOf(ulong unit, out ulong first, out int level, out ulong seen)
    {
        first = unit;
        level = 0;
        seen = 0;
        if (unit >= table.Units)
        {
            return false;
        }

        while (true)
        {
            ulong code = CodeAt(first, out level, out seen);
            if (code == RangeCells.Free)
            {
                return false;
            }

            if (level == 0)
            {
                int cell = (int)(first % RangeCells.PerWord);
                int back = RangeCells.ContinuingDown(seen, cell);
                if (back <= cell)
                {
                    first -= (ulong)back;
                    return RangeCells.CodeAt(seen, cell - back) != RangeCells.Free;
                }
            }

            first &= ~(table.SizeOf(level) - 1);
            if (level != 0 && code != RangeCells.Continues)
            {
                return true;
            }

            if (first-- == 0)
            {
                return false;
            }
        }
    }

    /// <summary>Walks forward to the last unit of the range whose first piece was read.</summary>
    public ulong EndOf(ulong first, int level, ulong seen)
    {
        ulong at = level == 0
            ? first + (ulong)RangeCells.LengthFrom(seen, (int)(first % RangeCells.PerWord))
            : first + table.SizeOf(level);
        ulong more;
        while (at % RangeCells.PerWord == 0 && (more = ContinuingAt(at)) != 0)
        {
            at += more;
        }

        return at - 1;
    }

    /// <summary>Whether the range that reaches the end of this unit's word goes on in the next.</summary>
    public bool GoesOn(ulong unit) => ContinuingAt((unit | (RangeCells.PerWord - 1)) + 1) != 0;

    /// <param name="from">The first unit of an entry of the level, if that is not the top.</param>
    /// <param name="to">The last unit looked at, under the same parent.</param>
    /// <param name="level">Where to begin: what lies above is not looked at.</param>
    /// <param name="steps">Words and entries looked at.</param>
    /// <param name="free">Looks for a unit that is free instead.</param>
    /// <returns>The lowest unit in use in [from, to]; to + 1 when there is none.</returns>
    public ulong NextUsed(ulong from, ulong to, int level, ref long steps, bool free = false)
    {
        while (from <= to)
        {
            steps++;
            ulong seen = Atomic.Load(ref table.Entry(level, from >> table.Shift(level)));
            if (level == 0)
            {
                ulong cells = (free ? RangeCells.FreeCells(seen) : RangeCells.UsedCells(seen)) >> (int)(from % RangeCells.PerWord * 2);
                if (cells != 0)
                {
                    return Math.Min(from + ((ulong)BitOperations.TrailingZeroCount(cells) >> 1), to + 1);
                }
            }
            else if (free ? RangeEntry.IsEmpty(seen) : (seen & RangeEntry.StateMask) != 0)
            {
                return from;
            }
            else if (free ? RangeEntry.Bound(seen, table.Shift(level)) >= 0 : !RangeEntry.IsEmpty(seen))
            {
                level--;
                continue;
            }

            from = table.Behind(level, from);
            level = Math.Max(level, table.LargestAt(from));
        }

        return to + 1;
    }

    /// <summary>Finds the highest unit in use in [downTo, from], which lie under one parent of the level.</summary>
    public bool PreviousUsed(ulong from, ulong downTo, int level, ref long steps, out ulong unit)
    {
        unit = from;
        while (true)
        {
            steps++;
            ulong seen = Atomic.Load(ref table.Entry(level, unit >> table.Shift(level)));
            if (level == 0)
            {
                ulong used = RangeCells.UsedCells(seen) << (62 - (int)(unit % RangeCells.PerWord * 2));
                if (used != 0)
                {
                    ulong back = (ulong)(BitOperations.LeadingZeroCount(used) - 1) >> 1;
                    unit -= Math.Min(back, unit);
                    return unit >= downTo;
                }
            }
            else if ((seen & RangeEntry.StateMask) != 0)
            {
                return true;
            }
            else if (!RangeEntry.IsEmpty(seen))
            {
                level--;
                continue;
            }

            unit &= ~(table.SizeOf(level) - 1);
            if (unit <= downTo)
            {
                return false;
            }

            level = Math.Max(level, table.LargestAt(unit));
            unit--;
        }
    }

    private static bool MayBeMarked(ulong first, ulong last)
    {
        ulong units = last - first + 1;
        return units <= RangeCells.PerWord && BitOperations.IsPow2(units) && (first & (units - 1)) == 0;
    }

    /// <summary>Finds the piece that holds a unit.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="level">The piece's level.</param>
    /// <param name="seen">The word or entry as it was read.</param>
    /// <returns>The code of the unit, or of the whole piece; 0 when the unit is free.</returns>
    private ulong CodeAt(ulong unit, out int level, out ulong seen)
    {
        // From above, because below what is empty or held as a whole no memory has been touched.
        seen = Descend(unit, table.Top, out level);
        return CodeOf(unit, level, seen);
    }

    /// <summary>How many units, from the first of a word, continue a range in one word or entry; 0 when none does.</summary>
    private ulong ContinuingAt(ulong unit)
    {
        if (unit >= table.Capacity)
        {
            return 0;
        }

        ulong seen = Descend(unit, table.LargestAt(unit), out int level);
        return level == 0 ? (ulong)RangeCells.Continuing(seen)
            : (seen & RangeEntry.StateMask) == RangeCells.Continues ? table.SizeOf(level)
            : 0;
    }

    /// <summary>Reads from a level down to the entry that is empty or held as a whole, or to the word.</summary>
    private ulong Descend(ulong unit, int from, out int level)
    {
        for (level = from; ; level--)
        {
            ulong seen = Atomic.Load(ref table.Entry(level, unit >> table.Shift(level)));
            if (level == 0 || (seen & RangeEntry.StateMask) != 0 || RangeEntry.IsEmpty(seen))
            {
                return seen;
            }
        }
    }
}
