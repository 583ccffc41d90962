using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>A range as a row of pieces: from "free" to "in use" and back. The books are the caller's, those of giving up as well.</summary>
/// <remarks>
/// Pieces are whole subtrees where the range covers them, and cells at its two ends. They are claimed in ascending order, undone in
/// descending order, and freed in descending order: a cell that continues a range always has its range's start before it. A
/// range inside one word is one compare-and-swap. A claim of several pieces that meets another one's piece gives up; the one whose
/// conflict lies highest has met a settled range, so that range's claim ended since the loser looked.
/// </remarks>
internal sealed unsafe class RangePieces(RangeTable table, RangeCredits credits)
{
    private const int WordShift = RangeTable.WordShift;

    /// <summary>Claims a range, if all of it is free.</summary>
    /// <param name="first">The first unit.</param>
    /// <param name="last">The last unit.</param>
    /// <param name="wanted">What the start becomes: one of a range that may be freed, or one that is held.</param>
    public bool TryClaim(ulong first, ulong last, ulong wanted = RangeCells.Start)
    {
        if (first >> WordShift == last >> WordShift)
        {
            return TryClaimCells(first, last, wanted);
        }

        RangeSegment* segments = stackalloc RangeSegment[table.MostSegments];
        int count = table.Split(first, last, segments);
        if (count == 1 && segments->Level != 0 && last - first == table.SizeOf(segments->Level) - 1)
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
    public void MarkStart(ulong first, int level)
    {
        int bit = level == 0 ? (int)(first % RangeCells.PerWord) * 2 : 0;
        Atomic.Or(ref table.Entry(level, first >> table.Shift(level)), 1UL << bit);
    }

    /// <summary>Clears a range that the caller holds, in descending order: its start goes last.</summary>
    public void Release(ulong first, ulong last)
    {
        RangeSegment* segments = stackalloc RangeSegment[table.MostSegments];
        ReleaseSegments(segments, table.Split(first, last, segments));
    }

    /// <summary>Takes a credit for an empty word, once; one that is in use needs none.</summary>
    public bool TryEnter(ulong word, ulong seen, ref bool paid)
        => seen != 0 || paid || (paid = credits.TryTake(1, LeafOf(word), 1));

    /// <summary>Gives the credit of <see cref="TryEnter"/> back, unless it made an empty word one in use.</summary>
    public void Leave(ulong word, bool needless) => credits.Return(1, LeafOf(word), needless ? 1 : 0);

    /// <summary>Cells of a word were cleared: lets the leaf and all above know.</summary>
    public void Emptied(ulong word, ulong left)
        => credits.Raise(
            1, LeafOf(word), left == 0 ? 1 : 0, RangeCells.LargestFree(left), left == 0 ? word : RangeCredits.NoChild);

    private ulong LeafOf(ulong word) => word >> (table.LeafShift - WordShift);

    /// <summary>Claims cells of one word.</summary>
    private bool TryClaimCells(ulong first, ulong last, ulong code)
    {
        ulong word = first >> WordShift;
        int cell = (int)(first % RangeCells.PerWord);
        int count = (int)(last - first) + 1;
        ulong mask = RangeCells.Mask(cell, count);
        ulong pattern = RangeCells.Pattern(cell, count, code);
        ref ulong location = ref table.Entry(0, word);
        bool paid = false;
        ulong seen = Atomic.Load(ref location);
        while ((seen & mask) == 0 && TryEnter(word, seen, ref paid))
        {
            ulong now = Atomic.CompareExchange(ref location, seen | pattern, seen);
            if (now == seen)
            {
                Leave(word, needless: paid && seen != 0);
                return true;
            }

            seen = now;
        }

        Leave(word, needless: paid);
        return false;
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

        int needed = (int)(lastWord - firstWord) + 1;
        if (!credits.TryTake(1, LeafOf(firstWord), needed))
        {
            return false;
        }

        for (ulong from = segment.First, end; from <= segment.Last; from = end)
        {
            end = Math.Min(segment.Last + 1, table.Behind(0, from));
            int cell = (int)(from % RangeCells.PerWord);
            int count = (int)(end - from);
            ulong pattern = RangeCells.Pattern(cell, count, from == segment.First ? code : RangeCells.Continues);
            if (!TrySet(ref table.Entry(0, from >> WordShift), RangeCells.Mask(cell, count), pattern, out ulong seen))
            {
                ReleaseCells(segment.First, from, needed);
                return false;
            }

            needed -= seen == 0 ? 1 : 0;
        }

        credits.Return(1, LeafOf(firstWord), needed);
        return true;
    }

    /// <summary>Claims whole entries of one parent.</summary>
    private bool TryClaimEntries(RangeSegment segment, ulong code)
    {
        int level = segment.Level;
        ulong first = segment.First >> table.Shift(level);
        ulong last = segment.Last >> table.Shift(level);
        if (!credits.TryTake(level + 1, table.ParentOf(level, first), (int)(last - first) + 1))
        {
            return false;
        }

        for (ulong index = first; index <= last; index++)
        {
            if (!TrySet(ref table.Entry(level, index), RangeEntry.StateMask | RangeEntry.CountMask, code, out _))
            {
                ReleaseEntries(level, first, index, (int)(last - index) + 1);
                return false;
            }

            code = RangeCells.Continues;
        }

        return true;
    }

    /// <summary>Sets bits where those of the mask are clear.</summary>
    private static bool TrySet(ref ulong location, ulong mask, ulong bits, out ulong seen)
    {
        seen = Atomic.Load(ref location);
        while ((seen & mask) == 0)
        {
            ulong now = Atomic.CompareExchange(ref location, seen | bits, seen);
            if (now == seen)
            {
                return true;
            }

            seen = now;
        }

        return false;
    }

    private void ReleaseSegments(RangeSegment* segments, int count)
    {
        while (--count >= 0)
        {
            RangeSegment segment = segments[count];
            if (segment.Level == 0)
            {
                ReleaseCells(segment.First, segment.Last + 1, 0);
            }
            else
            {
                int shift = table.Shift(segment.Level);
                ReleaseEntries(segment.Level, segment.First >> shift, (segment.Last >> shift) + 1, 0);
            }
        }
    }

    /// <summary>Clears the caller's cells in one leaf, the last first.</summary>
    /// <param name="first">The first unit.</param>
    /// <param name="end">The unit behind the last.</param>
    /// <param name="spare">Credits that the caller gives back beside those of the cells.</param>
    private void ReleaseCells(ulong first, ulong end, int spare)
    {
        int order = RangeCredits.Nothing;
        int emptied = 0;
        ulong child = RangeCredits.NoChild;
        while (end > first)
        {
            ulong word = (end - 1) >> WordShift;
            ulong from = Math.Max(first, word << WordShift);
            ulong mask = RangeCells.Mask((int)(from % RangeCells.PerWord), (int)(end - from));
            ulong left = Atomic.And(ref table.Entry(0, word), ~mask) & ~mask;
            order = Math.Max(order, RangeCells.LargestFree(left));
            if (left == 0)
            {
                emptied++;
                child = word;
            }

            end = from;
        }

        credits.Raise(1, first >> table.LeafShift, spare + emptied, order, emptied == 1 ? child : RangeCredits.NoChild);
    }

    /// <summary>Clears the caller's entries under one parent, the last first.</summary>
    private void ReleaseEntries(int level, ulong first, ulong end, int spare)
    {
        int emptied = (int)(end - first);
        while (end-- > first)
        {
            ref ulong location = ref table.Entry(level, end);
            ulong seen = Atomic.Load(ref location);
            ulong now;
            while ((now = Atomic.CompareExchange(ref location, RangeEntry.WithLack(seen & ~RangeEntry.StateMask, 0), seen)) != seen)
            {
                seen = now;
            }
        }

        credits.Raise(
            level + 1,
            table.ParentOf(level, first),
            spare + emptied,
            emptied > 0 ? table.Shift(level) : RangeCredits.Nothing,
            emptied == 1 ? first : RangeCredits.NoChild);
    }
}
