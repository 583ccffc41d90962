using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>Credits and claims: from "free" to "in use". The undoing of a claim is a free (RangeTree.Release.cs).</content>
internal sealed unsafe partial class RangeTree
{
    /// <summary>Claims exactly this range, as one range, if all of it is free.</summary>
    /// <returns>False when a part of it is in use, or being claimed or freed; nothing has changed then.</returns>
    public bool TryClaim(ulong first, ulong last) => TryClaim(first, last, RangeCells.Start);

    /// <summary>
    /// As <see cref="TryClaim(ulong, ulong)"/>, but for good: no <c>TryFree</c> takes it, in no moment, and no look-up finds it, so whoever claims it keeps a record of it.
    /// </summary>
    public bool TryClaimHeld(ulong first, ulong last) => TryClaim(first, last, RangeCells.Held);

    private bool TryClaim(ulong first, ulong last, ulong code)
    {
        if (first > last || last >= Units)
        {
            return false;
        }

        if (!TryClaimPieces(first, last, code))
        {
            CountGivenUp();
            return false;
        }

        CountClaimed(1, last - first + 1);
        return true;
    }

    /// <summary>Claims a range, in ascending order. The books are the caller's, those of giving up as well.</summary>
    /// <param name="first">The first unit.</param>
    /// <param name="last">The last unit.</param>
    /// <param name="wanted">What the start becomes: one of a range that may be freed, or one that is held.</param>
    private bool TryClaimPieces(ulong first, ulong last, ulong wanted = RangeCells.Start)
    {
        if (first >> WordShift == last >> WordShift)
        {
            return TryClaimCells(first, last, wanted);
        }

        RangeSegment* segments = stackalloc RangeSegment[(2 * _top) + 1];
        int count = Split(first, last, segments);
        if (count == 1 && segments->Level != 0 && last - first == SizeOf(segments->Level) - 1)
        {
            return TryClaimEntries(*segments, wanted);
        }

        // Held until the last piece is there: nobody takes what he sees so far for a whole range that may be freed.
        ulong code = RangeCells.Held;
        for (int i = 0; i < count; i++)
        {
            bool claimed = segments[i].Level == 0 ? TryClaimWords(segments[i], code) : TryClaimEntries(segments[i], code);
            if (!claimed)
            {
                ReleaseSegments(segments, i);
                return false;
            }

            code = RangeCells.Continues;
        }

        if (wanted == RangeCells.Start)
        {
            MarkStart(first, segments->Level);
        }

        return true;
    }

    /// <summary>The start of a range that the caller holds becomes that of one that may be freed.</summary>
    private void MarkStart(ulong first, int level)
    {
        int bit = level == 0 ? (int)(first % RangeCells.PerWord) * 2 : 0;
        Atomic.Or(ref Entry(level, first >> Shift(level)), 1UL << bit);
    }

    /// <summary>The pieces of a range, ascending, neighbours on one level under one parent together.</summary>
    /// <returns>How many; at most two a level and one.</returns>
    private int Split(ulong first, ulong last, RangeSegment* into)
    {
        int count = 0;
        for (ulong at = first; ; at = into[count - 1].Last + 1)
        {
            // The largest subtree that begins here and lies inside.
            int level = 0;
            while (level < _top && (at & (SizeOf(level + 1) - 1)) == 0 && last - at >= SizeOf(level + 1) - 1)
            {
                level++;
            }

            ulong end = level == _top ? last : Math.Min(last, at | (SizeOf(level + 1) - 1));
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

    /// <summary>Takes credits of an entry, so that nobody claims it or what lies above it as a whole.</summary>
    /// <returns>False when somebody holds one of these as a whole.</returns>
    private bool TryEnter(int level, ulong index, int credits)
    {
        if (level > _top)
        {
            return true;
        }

        ref ulong location = ref Entry(level, index);
        ulong parent = level == _top ? 0 : index >> (Shift(level + 1) - Shift(level));
        bool paid = false;
        ulong seen = Atomic.Load(ref location);
        while (true)
        {
            if ((seen & RangeEntry.StateMask) != 0)
            {
                if (paid)
                {
                    Raise(level + 1, parent, 1, Nothing, NoChild);
                }

                return false;
            }

            if (!paid && (seen & RangeEntry.CountMask) == 0)
            {
                if (!TryEnter(level + 1, parent, 1))
                {
                    return false;
                }

                paid = true;
            }

            ulong now = Atomic.CompareExchange(ref location, seen + ((ulong)credits * RangeEntry.OneCount), seen);
            if (now == seen)
            {
                if (paid && (seen & RangeEntry.CountMask) != 0)
                {
                    // Somebody else's credit made this one not empty: ours is one too many.
                    Raise(level + 1, parent, 1, Nothing, NoChild);
                }

                return true;
            }

            seen = now;
        }
    }

    /// <summary>Claims cells of one word.</summary>
    private bool TryClaimCells(ulong first, ulong last, ulong code)
    {
        int cell = (int)(first % RangeCells.PerWord);
        int count = (int)(last - first) + 1;
        ulong mask = RangeCells.Mask(cell, count);
        ulong pattern = RangeCells.Pattern(cell, count, code);
        ulong leaf = first >> _leafShift;
        ref ulong location = ref Entry(0, first >> WordShift);
        bool paid = false;
        ulong seen = Atomic.Load(ref location);
        while (true)
        {
            if ((seen & mask) != 0)
            {
                if (paid)
                {
                    Raise(1, leaf, 1, Nothing, NoChild);
                }

                return false;
            }

            if (seen == 0 && !paid)
            {
                if (!TryEnter(1, leaf, 1))
                {
                    return false;
                }

                paid = true;
            }

            ulong now = Atomic.CompareExchange(ref location, seen | pattern, seen);
            if (now == seen)
            {
                if (paid && seen != 0)
                {
                    Raise(1, leaf, 1, Nothing, NoChild);
                }

                return true;
            }

            seen = now;
        }
    }

    /// <summary>Claims cells of one leaf: one credit a word up front, what the words did not need goes back.</summary>
    private bool TryClaimWords(RangeSegment segment, ulong code)
    {
        ulong firstWord = segment.First >> WordShift;
        ulong lastWord = segment.Last >> WordShift;
        if (firstWord == lastWord)
        {
            return TryClaimCells(segment.First, segment.Last, code);
        }

        ulong leaf = segment.First >> _leafShift;
        int credits = (int)(lastWord - firstWord) + 1;
        if (!TryEnter(1, leaf, credits))
        {
            return false;
        }

        for (ulong word = firstWord; word <= lastWord; word++)
        {
            ulong from = Math.Max(segment.First, word << WordShift);
            ulong to = Math.Min(segment.Last, (word << WordShift) | (RangeCells.PerWord - 1));
            int cell = (int)(from % RangeCells.PerWord);
            int count = (int)(to - from) + 1;
            ulong mask = RangeCells.Mask(cell, count);
            ulong pattern = RangeCells.Pattern(cell, count, word == firstWord ? code : RangeCells.Continues);
            ref ulong location = ref Entry(0, word);
            ulong seen = Atomic.Load(ref location);
            ulong now;
            while ((seen & mask) == 0 && (now = Atomic.CompareExchange(ref location, seen | pattern, seen)) != seen)
            {
                seen = now;
            }

            if ((seen & mask) != 0)
            {
                ReleaseCells(leaf, segment.First, from, credits);
                return false;
            }

            credits -= seen == 0 ? 1 : 0;
        }

        if (credits != 0)
        {
            Raise(1, leaf, credits, Nothing, NoChild);
        }

        return true;
    }

    /// <summary>Claims whole entries of one parent.</summary>
    private bool TryClaimEntries(RangeSegment segment, ulong code)
    {
        int level = segment.Level;
        int shift = Shift(level);
        ulong first = segment.First >> shift;
        ulong last = segment.Last >> shift;
        int credits = (int)(last - first) + 1;
        ulong parent = level == _top ? 0 : segment.First >> Shift(level + 1);
        if (!TryEnter(level + 1, parent, credits))
        {
            return false;
        }

        for (ulong index = first; index <= last; index++)
        {
            ref ulong location = ref Entry(level, index);
            ulong state = index == first ? code : RangeCells.Continues;
            ulong seen = Atomic.Load(ref location);
            ulong now;
            while (RangeEntry.IsEmpty(seen) && (now = Atomic.CompareExchange(ref location, seen | state, seen)) != seen)
            {
                seen = now;
            }

            if (!RangeEntry.IsEmpty(seen))
            {
                ReleaseEntries(level, first, index, credits);
                return false;
            }

            credits--;
        }

        return true;
    }
}
