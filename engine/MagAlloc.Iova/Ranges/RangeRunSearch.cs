using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>
/// The search for ranges that are no aligned power of two: in the highest free block that covers them, or else in the free runs, highest
/// first.
/// </summary>
/// <remarks>
/// <para><b>Order.</b> A range lies inside one child of an entry or crosses a border between two. From the highest child down: what lies
/// inside it, then what crosses the border below it. The highest range that fits in the free run around a border is the
/// highest that crosses it, so what is found first is the highest of all.</para>
/// <para><b>Notes.</b> A pass enters no entry whose note (<see cref="RangeNotes"/>), or bound, is less than it needs, and notes the longest
/// run that it saw in each one that it looked through in vain. A run counts as seen even if claiming it failed, since that may be for
/// what lies above.</para>
/// <para><b>Steps.</b> A refusal looks at up to 64 children an entry, and for each border at two entries or words a level below, in the entries that
/// have no note: after a free, one a level. The limit cuts through one entry a level, which is looked at anew each time. All others
/// were looked at once since something was freed below.</para>
/// </remarks>
internal sealed unsafe class RangeRunSearch(
    RangeTable table, RangeNotes notes, RangePieces pieces, RangeReader reader, RangeSearch blocks)
{
    // Of the whole space, only unit 0 has this alignment or a larger one.
    private const int MostAlignment = 37;

    /// <summary>
    /// As <see cref="RangeTree.TryAllocate"/>, but the books are the caller's. A block of the cover order covers length and alignment.
    /// </summary>
    public bool TryTake(ulong units, int coverOrder, int alignmentOrder, ulong last, out ulong first)
    {
        var request = new RangeRequest { Wanted = 1, Peek = true };
        bool found;
        long version;
        do
        {
            version = table.Books.Version - request.GaveUp;
            found = TryCovered(units, coverOrder, alignmentOrder, last, ref request, out first)
                || TryExact(units, alignmentOrder, last, ref request, out first);
        }
        while (!found && table.Books.HasMoved(version, ref request));

        table.Books.CountSteps(ref request);
        return found;
    }

    /// <summary>Claims the range in a free block of a power of two, one end of it free still.</summary>
    private bool TryCovered(ulong units, int order, int alignmentOrder, ulong last, ref RangeRequest request, out ulong first)
    {
        while (blocks.TryPeek(order, last, ref request, out first))
        {
            first += alignmentOrder == 0 ? (1UL << order) - units : 0;
            if (pieces.TryClaim(first, first + units - 1))
            {
                return true;
            }

            request.GaveUp++;
            table.Books.CountGivenUp();
        }

        return false;
    }

    /// <summary>Claims the highest range that fits.</summary>
    private bool TryExact(ulong units, int alignmentOrder, ulong last, ref RangeRequest request, out ulong first)
    {
        var run = new RangeRun { Units = units, Alignment = Math.Min(alignmentOrder, MostAlignment), Last = last, GaveUp = request.GaveUp };
        ulong longest = 0;
        bool found = LookForRun(table.Top, 0, last >> table.Shift(table.Top), ref run, ref longest);
        request.GaveUp = run.GaveUp;
        request.Steps += run.Steps;
        first = run.First;
        return found;
    }

    /// <summary>Looks through neighbouring entries under one parent.</summary>
    /// <param name="level">Their level.</param>
    /// <param name="low">The first.</param>
    /// <param name="high">The last.</param>
    /// <param name="run">What is looked for.</param>
    /// <param name="longest">Raised to the longest run seen, if nothing is found.</param>
    private bool LookForRun(int level, ulong low, ulong high, ref RangeRun run, ref ulong longest)
    {
        int shift = table.Shift(level);
        ulong floor = low << shift;
        ulong ceiling = Math.Min(((high + 1) << shift) - 1, run.Last);
        ulong measured = ulong.MaxValue;
        for (ulong index = high; ; index--)
        {
            if (LookForRunInside(level, index, ref run, ref longest))
            {
                return true;
            }

            if (index == low)
            {
                return false;
            }

            // A run that crosses several borders is measured at the highest one.
            ulong border = index << shift;
            if (border <= measured && LookAcross(level, border, floor, ceiling, ref run, ref longest, ref measured))
            {
                return true;
            }
        }
    }

    private bool LookForRunInside(int level, ulong index, ref RangeRun run, ref ulong longest)
    {
        ulong start = index << table.Shift(level);
        ulong last = start + table.SizeOf(level) - 1;
        ulong end = Math.Min(last, run.Last) + 1;
        run.Steps++;
        ulong seen = Atomic.Load(ref table.Entry(level, index));
        if ((seen & RangeEntry.StateMask) != 0 || RangeTable.AlignedUp(start, run.Alignment) >= end)
        {
            return false;
        }

        if (RangeEntry.IsEmpty(seen))
        {
            ulong rest = end;
            if (TryRun(start, ref rest, ref run, ref longest))
            {
                return true;
            }

            if (rest == end)
            {
                return false; // too short
            }
        }

        ulong most = notes.Longest(level, index, seen, run.Alignment);
        if (most < run.Units)
        {
            longest = Math.Max(longest, most);
            return false;
        }

        bool whole = last <= run.Last;
        if (whole)
        {
            notes.Begin(level, index, ref run);
        }

        most = 0;
        bool found = level > 1
            ? LookForRun(level - 1, start >> table.Shift(level - 1), (end - 1) >> table.Shift(level - 1), ref run, ref most)
            : LookForRunInLeaf(start, end, ref run, ref most);
        if (found)
        {
            return true;
        }

        if (whole)
        {
            notes.End(level, index, ref run, most);
        }

        longest = Math.Max(longest, most);
        return false;
    }

    /// <summary>Looks at the run around the border between two children.</summary>
    /// <param name="level">The children's level.</param>
    /// <param name="border">The first unit of the upper child.</param>
    /// <param name="floor">The first unit of the parent.</param>
    /// <param name="ceiling">The last unit of the parent, or of the limit.</param>
    /// <param name="run">What is looked for.</param>
    /// <param name="longest">Raised to the length of the run.</param>
    /// <param name="measured">Where the run begins.</param>
    private bool LookAcross(
        int level, ulong border, ulong floor, ulong ceiling, ref RangeRun run, ref ulong longest, ref ulong measured)
    {
        while (true)
        {
            ulong end = reader.NextUsed(border, ceiling, level, ref run.Steps);
            if (end == border)
            {
                return false;
            }

            ulong begin = reader.PreviousUsed(border - 1, floor, level, ref run.Steps, out ulong used) ? used + 1 : floor;
            if (begin == border)
            {
                return false;
            }

            ulong rest = end;
            if (TryRun(begin, ref rest, ref run, ref longest))
            {
                return true;
            }

            if (rest == end)
            {
                measured = begin;
                return false;
            }

            if (rest <= border)
            {
                return false; // what is left lies below the border
            }

            ceiling = rest - 1;
        }
    }

    /// <summary>Looks through the words of a leaf, once each.</summary>
    private bool LookForRunInLeaf(ulong start, ulong end, ref RangeRun run, ref ulong longest)
    {
        ulong behind = 0; // the unit behind the run that reaches down to the cells looked at; 0 when they are in use
        while (end > start)
        {
            ulong word = (end - 1) & ~((ulong)RangeCells.PerWord - 1);
            int cell = (int)(end - 1 - word);
            end = word;
            run.Steps++;
            ulong seen = Atomic.Load(ref table.Entry(0, word >> RangeTable.WordShift));
            while (cell >= 0)
            {
                int free = RangeCells.FreeDown(seen, cell);
                if (free != 0 && behind == 0)
                {
                    behind = word + (ulong)cell + 1;
                }

                cell -= free;
                if (behind != 0 && (cell >= 0 || word == start))
                {
                    ulong rest = behind;
                    if (TryRun(word + (ulong)(cell + 1), ref rest, ref run, ref longest))
                    {
                        return true;
                    }

                    bool met = rest != behind;
                    behind = 0;
                    if (met)
                    {
                        end = rest;
                        break;
                    }
                }

                cell -= cell >= 0 ? RangeCells.UsedDown(seen, cell) : 0;
            }
        }

        return false;
    }

    /// <summary>Claims the highest range that fits into a free run.</summary>
    /// <param name="begin">The run's first unit.</param>
    /// <param name="end">
    /// The unit behind the run. Unchanged when it is too short. When somebody was met: less than the end of the range tried, so that
    /// who looks again looks further down, whatever the other one is stopped at.
    /// </param>
    /// <param name="run">What is looked for.</param>
    /// <param name="longest">Raised to the length of the run, claimed or not.</param>
    private bool TryRun(ulong begin, ref ulong end, ref RangeRun run, ref ulong longest)
    {
        begin = RangeTable.AlignedUp(begin, run.Alignment);
        ulong length = begin < end ? end - begin : 0;
        longest = Math.Max(longest, length);
        if (length < run.Units)
        {
            return false;
        }

        ulong first = (end - run.Units) >> run.Alignment << run.Alignment;

        // Somebody stopped on his way into an entry would make each claim of the whole entry fail, for ever: of two searches each
        // would look again because the other one gave up. So after the first time nothing is claimed that cannot be had.
        if (run.GaveUp != 0 && IsEntered(first, first + run.Units - 1, ref run.Steps, out ulong entered))
        {
            end = entered;
            return false;
        }

        if (pieces.TryClaim(first, first + run.Units - 1))
        {
            run.First = first;
            return true;
        }

        run.GaveUp++;
        table.Books.CountGivenUp();
        end = first + run.Units - 1;
        return false;
    }

    /// <summary>Whether an entry that a claim needs as a whole has a count, though it may be that nothing below is in use.</summary>
    /// <param name="first">The first unit of the range to be claimed.</param>
    /// <param name="last">Its last unit.</param>
    /// <param name="steps">Entries looked at.</param>
    /// <param name="entered">The last unit of the highest such entry: all ranges further down that hold this unit need the entry too.</param>
    private bool IsEntered(ulong first, ulong last, ref long steps, out ulong entered)
    {
        RangeSegment* segments = stackalloc RangeSegment[table.MostSegments];
        for (int i = table.Split(first, last, segments) - 1; i >= 0; i--)
        {
            int level = segments[i].Level;
            if (level == 0)
            {
                continue;
            }

            for (entered = segments[i].Last; entered > segments[i].First && entered <= last; entered -= table.SizeOf(level))
            {
                steps++;
                if (!table.IsEmpty(level, entered >> table.Shift(level)))
                {
                    return true;
                }
            }
        }

        entered = 0;
        return false;
    }
}
