using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>Frees and marks: the start's code decides who owns a range.</content>
/// <remarks>
/// <para>A range that ends inside the word where it begins is freed, marked and unmarked by one compare-and-swap on that word,
/// which holds all of it. A longer one is first taken out of its holder's hands by a compare-and-swap of its start from 11 to 10,
/// so that of two frees one wins; only then its end is certain, and read again. <b>A range that reaches the end of its word</b> may
/// go on in the next one: it is treated like a longer one.</para>
/// <para>Somebody who frees what is not his may meet the range in the moment between, and find it taken for an instant: a misuse
/// that can make the rightful owner's free fail.</para>
/// </remarks>
internal sealed unsafe partial class RangeTree
{
    /// <summary>Frees the range that holds a unit, if it is not marked.</summary>
    /// <param name="unit">Any unit of the range.</param>
    /// <param name="first">The first unit that was freed.</param>
    /// <param name="last">The last unit that was freed.</param>
    /// <returns>False when the unit is free, or the range is marked, or being claimed or freed by somebody else.</returns>
    public bool TryFree(ulong unit, out ulong first, out ulong last) => TryFree(unit, Units, out first, out last);

    /// <summary>Frees exactly this range, if it is one and is not marked.</summary>
    public bool TryFreeExactly(ulong first, ulong last) => first <= last && last < Units && TryFree(first, last, out _, out _);

    /// <summary>Frees what <see cref="TryClaimHeld"/> claimed. Once, by whoever has taken its record out.</summary>
    public void FreeHeld(ulong first, ulong last)
    {
        ReleasePieces(first, last);
        CountFreed(1, last - first + 1);
    }

    /// <summary>
    /// Marks a small range: it stays in use, but is found marked by <see cref="IsMarked"/>, and <c>TryFree</c> leaves it alone.
    /// Of two callers one wins.
    /// </summary>
    /// <param name="first">The first unit.</param>
    /// <param name="order">From 0 to <see cref="RangeCells.LargestOrder"/>.</param>
    /// <returns>False when no unmarked range of exactly 2^order units, aligned to its size, begins there.</returns>
    public bool TryMark(ulong first, int order)
    {
        if (first >= Units)
        {
            return false;
        }

        NoteMarks();
        return TryHold(first, order);
    }

    /// <summary>Takes the mark off a range. Of two callers one wins.</summary>
    /// <returns>False when no marked range begins there.</returns>
    public bool TryUnmark(ulong first)
    {
        if (first >= Units)
        {
            return false;
        }

        ref ulong location = ref Entry(0, first >> WordShift);
        int cell = (int)(first % RangeCells.PerWord);
        ulong seen = Atomic.Load(ref location);
        while (RangeCells.CodeAt(seen, cell) == RangeCells.Held)
        {
            ulong now = Atomic.CompareExchange(ref location, seen | (1UL << (cell * 2)), seen);
            if (now == seen)
            {
                return true;
            }

            seen = now;
        }

        return false;
    }

    /// <summary>Whether a marked range begins at a unit.</summary>
    public bool IsMarked(ulong first)
        => first < Units
        && RangeCells.CodeAt(Atomic.Load(ref Entry(0, first >> WordShift)), (int)(first % RangeCells.PerWord)) == RangeCells.Held;

    /// <summary>Before the first mark: from now on <see cref="FreeMany"/> takes marked ranges as well.</summary>
    private void NoteMarks()
    {
        if (Atomic.Load(ref _marks) == 0)
        {
            Atomic.Store(ref _marks, 1);
        }
    }

    private static bool ReachesEnd(ulong first, int order) => (first + (1UL << order)) % RangeCells.PerWord == 0;

    /// <summary>Whether the range that reaches the end of this unit's word goes on in the next.</summary>
    private bool GoesOn(ulong unit) => ContinuingAt((unit | (RangeCells.PerWord - 1)) + 1) != 0;

    /// <summary>Takes a small range out of its holder's hands: its start goes from 11 to 10.</summary>
    private bool TryHold(ulong first, int order)
    {
        ref ulong location = ref Entry(0, first >> WordShift);
        int bit = (int)(first % RangeCells.PerWord) * 2;
        bool atEnd = ReachesEnd(first, order);
        ulong seen = Atomic.Load(ref location);
        while ((RangeCells.RangesOf(seen, order, heldToo: false) >> bit & 1) != 0 && !(atEnd && GoesOn(first)))
        {
            ulong now = Atomic.CompareExchange(ref location, seen ^ (1UL << bit), seen);
            if (now != seen)
            {
                seen = now;
                continue;
            }

            if (!atEnd || !GoesOn(first))
            {
                return true;
            }

            // The range was freed and a longer one begins in its place: that is somebody else's.
            Atomic.Or(ref location, 1UL << bit);
            return false;
        }

        return false;
    }

    /// <param name="unit">A unit of the range.</param>
    /// <param name="wanted">The range's last unit, if <paramref name="unit"/> is the first; <see cref="Units"/> for any range.</param>
    /// <param name="first">The first unit that was freed.</param>
    /// <param name="last">The last unit that was freed.</param>
    private bool TryFree(ulong unit, ulong wanted, out ulong first, out ulong last)
    {
        last = 0;
        while (TryStartOf(unit, out first, out int level, out ulong seen))
        {
            if (CodeOf(first, level, seen) != RangeCells.Start)
            {
                return false;
            }

            last = EndOf(first, level, seen);
            if (wanted != Units && (first != unit || last != wanted))
            {
                return false;
            }

            if (last < unit)
            {
                continue; // it changed between two looks
            }

            ref ulong location = ref Entry(level, first >> Shift(level));
            int cell = level == 0 ? (int)(first % RangeCells.PerWord) : 0;
            int count = (int)Math.Min(last - first + 1, RangeCells.PerWord);
            if (level == 0 && cell + count < RangeCells.PerWord)
            {
                ulong left = seen & ~RangeCells.Mask(cell, count);
                if (Atomic.CompareExchange(ref location, left, seen) == seen)
                {
                    Emptied(first >> WordShift, left);
                    CountFreed(1, last - first + 1);
                    return true;
                }

                continue;
            }

            ulong held = seen ^ (1UL << (cell * 2));
            if (Atomic.CompareExchange(ref location, held, seen) != seen)
            {
                continue;
            }

            if (EndOf(first, level, held) != last)
            {
                // The range was freed and another begins in its place: not the one that was looked at.
                MarkStart(first, level);
                continue;
            }

            ReleasePieces(first, last);
            CountFreed(1, last - first + 1);
            return true;
        }

        return false;
    }

    /// <summary>Cells of a word were cleared: lets the leaf and all above know.</summary>
    private void Emptied(ulong word, ulong left)
        => Raise(1, word >> (_leafShift - WordShift), left == 0 ? 1 : 0, RangeCells.LargestFree(left), left == 0 ? word : NoChild);
}
