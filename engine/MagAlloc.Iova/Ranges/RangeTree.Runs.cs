using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>The search for free runs of any length and alignment, highest first, and what it notes of them.</content>
/// <remarks>
/// <para><b>Order.</b> A range lies inside one child of an entry or crosses a border between two. From the highest child down: what lies
/// inside it, then what crosses the border below it. The highest range that fits in the free run around a border is the
/// highest that crosses it, so what is found first is the highest of all.</para>
/// <para><b>Notes.</b> The bounds of the entries speak of aligned powers of two; of a run of n units they know only that it holds one of
/// a quarter of n or more, which every hole of about half the size does. So each entry has two words more
/// (<see cref="RangeLongest"/>), written where a pass found nothing: the longest free run strictly below, for any place and for one alignment.
/// (Two, because then neither requests of any place nor those aligned to their size, whose alignments rise with the length,
/// drive out what the others noted. Alignments that have nothing to do with the length may: that costs a look at the children.)
/// A pass enters no entry whose note, or bound, is less than it needs.</para>
/// <para><b>A note is an upper bound</b>, in the same two steps as a bound: (1) the pass writes its number, which no other pass has, for a
/// compare-and-swap later; (2) looks at all that lies strictly below, and nothing above; (3) replaces its number, if it
/// still stands, by the longest run it saw. A run counts as seen even if claiming it failed, since that may be for what lies above. Claims leave
/// notes: what they take shortens runs. Who frees or gives up erases the notes of each ancestor in the step in which it
/// raises the bound (<see cref="Raise"/>), behind that, and whatever the length. Proof, by levels from below: let a run be free, each operation that
/// touched a unit or took a credit in it having passed this entry, and let the note be less. The pass that wrote it did not see the run: a cell or
/// an entry's state was in its way, or a note or bound below that was too low, and of these each becomes right in a step of an
/// operation that passes this entry behind that step: a clear, a credit that leaves an entry empty, a raised bound, an erased
/// note. If that operation looks at the word behind (1), it erases the number or the note, and (3) fails or is undone. If it looked before (1), its step is
/// before (1) as well, each being a full fence away from its look (an erasure of a note too), and the pass saw the step. Either way the note does not
/// stand. An operation that ends
/// on its way up because it has nothing to raise has changed nothing that a run depends on.</para>
/// <para>So a note is as good as a bound in the argument for the exactness of failure (<see cref="RangeTree"/>). Who frees looks at the
/// notes only if anything was ever noted (<c>_noted</c>), and reads that behind each raise, not once: the first pass of all may
/// come in between, and meet a bound below that is not raised yet.</para>
/// <para><b>Steps.</b> A refusal looks at up to 64 children an entry, and for each border at two entries or words a level below, in the entries that
/// have no note: after a free, one a level. The limit cuts through one entry a level, which is looked at anew each time. All others
/// were looked at once since something was freed below.</para>
/// </remarks>
internal sealed unsafe partial class RangeTree
{
    // Of the whole space, only unit 0 has this alignment or a larger one.
    private const int MostAlignment = 37;

    /// <summary>Claims the highest range that fits.</summary>
    private bool TryExact(ulong units, int alignmentOrder, ulong last, ref RangeRequest request, out ulong first)
    {
        var run = new RangeRun { Units = units, Alignment = Math.Min(alignmentOrder, MostAlignment), Last = last, GaveUp = request.GaveUp };
        ulong longest = 0;
        bool found = LookForRun(_top, 0, last >> Shift(_top), ref run, ref longest);
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
        int shift = Shift(level);
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
        ulong start = index << Shift(level);
        ulong last = start + SizeOf(level) - 1;
        ulong end = Math.Min(last, run.Last) + 1;
        run.Steps++;
        ulong seen = Atomic.Load(ref Entry(level, index));
        if ((seen & RangeEntry.StateMask) != 0 || AlignedUp(start, run.Alignment) >= end)
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

        ulong most = LongestInside(level, index, seen, run.Alignment);
        if (most < run.Units)
        {
            longest = Math.Max(longest, most);
            return false;
        }

        bool whole = last <= run.Last;
        if (whole)
        {
            BeginNote(level, index, ref run);
        }

        most = 0;
        bool found = level > 1
            ? LookForRun(level - 1, start >> Shift(level - 1), (end - 1) >> Shift(level - 1), ref run, ref most)
            : LookForRunInLeaf(start, end, ref run, ref most);
        if (found)
        {
            return true;
        }

        if (whole)
        {
            Atomic.CompareExchange(ref Longest(level, index, run.Alignment), RangeLongest.Of(run.Alignment, most), run.Pass);
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
            ulong end = NextUsed(border, ceiling, level, ref run.Steps);
            if (end == border)
            {
                return false;
            }

            ulong begin = PreviousUsed(border - 1, floor, level, ref run.Steps, out ulong used) ? used + 1 : floor;
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
            ulong seen = Atomic.Load(ref Entry(0, word >> WordShift));
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
        begin = AlignedUp(begin, run.Alignment);
        if (begin >= end)
        {
            return false;
        }

        longest = Math.Max(longest, end - begin);
        if (end - begin < run.Units)
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

        if (TryClaimPieces(first, first + run.Units - 1))
        {
            run.First = first;
            return true;
        }

        run.GaveUp++;
        CountGivenUp();
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
        RangeSegment* segments = stackalloc RangeSegment[(2 * _top) + 1];
        for (int i = Split(first, last, segments) - 1; i >= 0; i--)
        {
            int level = segments[i].Level;
            if (level == 0)
            {
                continue;
            }

            for (entered = segments[i].Last; entered > segments[i].First && entered <= last; entered -= SizeOf(level))
            {
                steps++;
                if (!IsEmpty(level, entered >> Shift(level)))
                {
                    return true;
                }
            }
        }

        entered = 0;
        return false;
    }

    private static ulong AlignedUp(ulong unit, int order)
    {
        ulong mask = (1UL << order) - 1;
        return (unit + mask) & ~mask;
    }

    private ref ulong Longest(int level, ulong index, int alignment)
        => ref _levels[level].Longest[(index * RangeLongest.Slots) + (alignment == 0 ? 0UL : 1)];

    /// <summary>An upper bound on the free runs strictly below an entry that is neither empty nor held as a whole.</summary>
    private ulong LongestInside(int level, ulong index, ulong seen, int alignment)
    {
        // A run of n units, n > 3, holds an aligned block of order log n - 1.
        int bound = RangeEntry.Bound(seen, Shift(level));
        ulong most = bound < 0 ? 0 : (4UL << bound) - 1;
        most = Math.Min(most, RangeLongest.Bound(Atomic.Load(ref Longest(level, index, 0)), alignment));
        return alignment == 0 ? most : Math.Min(most, RangeLongest.Bound(Atomic.Load(ref Longest(level, index, alignment)), alignment));
    }

    private void BeginNote(int level, ulong index, ref RangeRun run)
    {
        if (run.Pass == 0)
        {
            if (Atomic.Load(ref _noted) == 0)
            {
                Atomic.Exchange(ref _noted, 1);
            }

            int stripe = Environment.CurrentManagedThreadId & (_stripeCount - 1);
            run.Pass = RangeLongest.OfPass(Atomic.Add(ref _stripes[stripe].Passes, MostStripes) + stripe);
        }

        // Another pass that is looking loses its place: one that stopped would keep it for ever.
        Atomic.Exchange(ref Longest(level, index, run.Alignment), run.Pass);
    }

    /// <summary>Something below became free: nothing is known of its runs.</summary>
    private void ForgetLongest(int level, ulong index)
    {
        for (int alignment = 0; alignment < RangeLongest.Slots; alignment++)
        {
            // No compare: what it erases was there at the look, or came since and is merely lost. But a full fence before the look
            // at the next level: a pass there may have read this note, and nothing else between the two looks need be a fence.
            ref ulong word = ref Longest(level, index, alignment);
            if (Atomic.Load(ref word) != RangeLongest.Nothing)
            {
                Atomic.Exchange(ref word, RangeLongest.Nothing);
            }
        }
    }
}
