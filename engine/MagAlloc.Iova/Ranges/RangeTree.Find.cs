using System.Numerics;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>Questions: which range holds a unit, what is in use next, what is free next.</content>
/// <remarks>
/// A range that nobody claims or frees meanwhile is always found, with its true ends. One inside a word is read in one
/// step; a longer one is looked at until two looks agree. A range of several pieces that is being claimed or freed is not found. (One
/// exception, because two bits cannot tell it from a cached one: while its only visible part is an aligned power of two of
/// units at the end of a word, that part may be reported.)
/// </remarks>
internal sealed unsafe partial class RangeTree
{
    /// <summary>Finds the range that holds a unit.</summary>
    /// <returns>False when the unit is free, or being claimed or freed.</returns>
    public bool TryFind(ulong unit, out ulong first, out ulong last)
    {
        last = 0;
        while (TryStartOf(unit, out first, out int level, out ulong seen))
        {
            ulong code = CodeOf(first, level, seen);
            last = EndOf(first, level, seen);
            if (last >> WordShift == first >> WordShift && (last + 1) % RangeCells.PerWord != 0)
            {
                if (last >= unit)
                {
                    return true; // start and end were read together
                }

                continue;
            }

            if (last >= unit
                && TryStartOf(unit, out ulong again, out level, out seen)
                && again == first
                && CodeOf(first, level, seen) == code
                && EndOf(first, level, seen) == last)
            {
                return code == RangeCells.Start || MayBeMarked(first, last);
            }
        }

        return false;
    }

    /// <summary>Finds the lowest range that ends at or above a unit.</summary>
    public bool TryNext(ulong from, out ulong first, out ulong last) => TryNext(from, Units - 1, out first, out last);

    /// <summary>The same, of ranges that begin at or below a unit.</summary>
    public bool TryNext(ulong from, ulong to, out ulong first, out ulong last)
    {
        long steps = 0;
        while (from <= to && (from = NextUsed(from, to, _top, ref steps)) <= to)
        {
            if (TryFind(from, out first, out last))
            {
                return true;
            }

            // In passing, or held: on behind this piece of it.
            from = CodeAt(from, out int level, out _) != RangeCells.Free && level != 0 ? (from | (SizeOf(level) - 1)) + 1 : from + 1;
        }

        first = 0;
        last = 0;
        return false;
    }

    /// <summary>Finds the lowest maximal row of free units inside [from, to].</summary>
    public bool TryNextFree(ulong from, ulong to, out ulong first, out ulong last)
    {
        to = Math.Min(to, Units - 1);
        first = NextFree(from, to);
        if (first > to)
        {
            first = 0;
            last = 0;
            return false;
        }

        long steps = 0;
        last = NextUsed(first + 1, to, _top, ref steps) - 1;
        return true;
    }

    private static bool MayBeMarked(ulong first, ulong last)
    {
        ulong units = last - first + 1;
        return units <= RangeCells.PerWord && BitOperations.IsPow2(units) && (first & (units - 1)) == 0;
    }

    private static ulong CodeOf(ulong first, int level, ulong seen)
        => level == 0 ? RangeCells.CodeAt(seen, (int)(first % RangeCells.PerWord)) : seen & RangeEntry.StateMask;

    /// <summary>Finds the piece that holds a unit.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="level">The piece's level.</param>
    /// <param name="seen">The word or entry as it was read.</param>
    /// <returns>The code of the unit, or of the whole piece; 0 when the unit is free.</returns>
    private ulong CodeAt(ulong unit, out int level, out ulong seen)
    {
        for (level = _top; level > 0; level--)
        {
            // From above, because below what is empty or held as a whole no memory has been touched.
            seen = Atomic.Load(ref Entry(level, unit >> Shift(level)));
            if ((seen & RangeEntry.StateMask) != 0 || RangeEntry.IsEmpty(seen))
            {
                return seen & RangeEntry.StateMask;
            }
        }

        seen = Atomic.Load(ref Entry(0, unit >> WordShift));
        return RangeCells.CodeAt(seen, (int)(unit % RangeCells.PerWord));
    }

    /// <summary>Walks back to where the range that holds a unit begins.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="first">The first unit of the range.</param>
    /// <param name="level">The level of the range's first piece.</param>
    /// <param name="seen">The first piece's word or entry as it was read.</param>
    private bool TryStartOf(ulong unit, out ulong first, out int level, out ulong seen)
    {
        first = unit;
        level = 0;
        seen = 0;
        if (unit >= Units)
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
            else if (code != RangeCells.Continues)
            {
                first &= ~(SizeOf(level) - 1);
                return true;
            }

            first &= ~(SizeOf(level) - 1);
            if (first-- == 0)
            {
                return false;
            }
        }
    }

    /// <summary>Walks forward to the last unit of the range whose first piece was read.</summary>
    private ulong EndOf(ulong first, int level, ulong seen)
    {
        ulong at = level == 0
            ? first + (ulong)RangeCells.LengthFrom(seen, (int)(first % RangeCells.PerWord))
            : first + SizeOf(level);
        while (at % RangeCells.PerWord == 0 && at < _capacity)
        {
            ulong more = ContinuingAt(at);
            at += more;
            if (more == 0)
            {
                break;
            }
        }

        return at - 1;
    }

    /// <summary>How many units, from the first of a word, continue a range in one word or entry; 0 when none does.</summary>
    private ulong ContinuingAt(ulong unit)
    {
        if (unit >= _capacity)
        {
            return 0;
        }

        int level = LargestAt(unit);
        for (; level > 0; level--)
        {
            ulong entry = Atomic.Load(ref Entry(level, unit >> Shift(level)));
            if ((entry & RangeEntry.StateMask) != 0 || RangeEntry.IsEmpty(entry))
            {
                return (entry & RangeEntry.StateMask) == RangeCells.Continues ? SizeOf(level) : 0;
            }
        }

        return (ulong)RangeCells.Continuing(Atomic.Load(ref Entry(0, unit >> WordShift)));
    }

    /// <summary>The level of the largest subtree that begins at a unit; 0 when the unit begins no leaf.</summary>
    private int LargestAt(ulong unit)
    {
        int level = 0;
        while (level < _top && (unit & (SizeOf(level + 1) - 1)) == 0)
        {
            level++;
        }

        return level;
    }

    /// <param name="from">The first unit of an entry of the level, if that is not the top.</param>
    /// <param name="to">The last unit looked at, under the same parent.</param>
    /// <param name="level">Where to begin: what lies above is not looked at.</param>
    /// <param name="steps">Words and entries looked at.</param>
    /// <returns>The lowest unit in use in [from, to]; to + 1 when there is none.</returns>
    private ulong NextUsed(ulong from, ulong to, int level, ref long steps)
    {
        while (from <= to)
        {
            steps++;
            ulong seen = Atomic.Load(ref Entry(level, from >> Shift(level)));
            if (level == 0)
            {
                ulong used = RangeCells.UsedCells(seen) >> (int)(from % RangeCells.PerWord * 2);
                if (used != 0)
                {
                    return Math.Min(from + ((ulong)BitOperations.TrailingZeroCount(used) >> 1), to + 1);
                }
            }
            else if ((seen & RangeEntry.StateMask) != 0)
            {
                return from;
            }
            else if (!RangeEntry.IsEmpty(seen))
            {
                level--;
                continue;
            }

            from = (from | (SizeOf(level) - 1)) + 1;
            level = Math.Max(level, LargestAt(from));
        }

        return to + 1;
    }

    /// <summary>Finds the highest unit in use in [downTo, from], which lie under one parent of the level.</summary>
    private bool PreviousUsed(ulong from, ulong downTo, int level, ref long steps, out ulong unit)
    {
        unit = from;
        while (true)
        {
            steps++;
            ulong seen = Atomic.Load(ref Entry(level, unit >> Shift(level)));
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

            unit &= ~(SizeOf(level) - 1);
            if (unit <= downTo)
            {
                return false;
            }

            level = Math.Max(level, LargestAt(unit));
            unit--;
        }
    }

    /// <returns>The lowest free unit in [from, to]; more than <paramref name="to"/> when there is none.</returns>
    private ulong NextFree(ulong from, ulong to)
    {
        int level = _top;
        while (from <= to)
        {
            ulong seen = Atomic.Load(ref Entry(level, from >> Shift(level)));
            if (level == 0)
            {
                ulong free = RangeCells.FreeCells(seen) >> (int)(from % RangeCells.PerWord * 2);
                if (free != 0)
                {
                    return from + ((ulong)BitOperations.TrailingZeroCount(free) >> 1);
                }
            }
            else if (RangeEntry.IsEmpty(seen))
            {
                return from;
            }
            else if (RangeEntry.Bound(seen, Shift(level)) >= 0)
            {
                level--;
                continue;
            }

            from = (from | (SizeOf(level) - 1)) + 1;
            level = Math.Max(level, LargestAt(from));
        }

        return from;
    }
}
