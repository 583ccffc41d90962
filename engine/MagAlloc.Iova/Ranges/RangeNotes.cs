using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>What passes that found nothing note of the free runs strictly below an entry (<see cref="RangeLongest"/>).</summary>
/// <remarks>
/// <para><b>A note is an upper bound</b>, written in steps: (1) <see cref="Begin"/> writes the number of the pass; (2) the
/// pass looks at all that lies strictly below, and at nothing above; (3) <see cref="End"/> replaces the number, if it still stands,
/// by the longest run that it saw. A free, or a claim that gives up, erases the notes of each ancestor behind the step in which it raises
/// the bound. It looks at them only if anything was ever noted, and reads that behind each raise, not once: the first pass
/// of all may come in between, and meet a bound below that is not raised yet. Claims leave notes: what they take shortens
/// runs. Why a note hides nothing: docs/proofs/range-tree.md.</para>
/// <para><b>Two words an entry</b>, for any place and for one alignment: then neither requests of any place nor those aligned
/// to their size, whose alignments rise with the length, drive out what the others noted.</para>
/// </remarks>
internal sealed class RangeNotes(RangeTable table)
{
    private int _noted;

    /// <summary>Whether anything was ever noted.</summary>
    public bool Any => Atomic.Load(ref _noted) != 0;

    /// <summary>An upper bound on the free runs strictly below an entry that is neither empty nor held as a whole.</summary>
    public ulong Longest(int level, ulong index, ulong seen, int alignment)
    {
        // A run of n units, n > 3, holds an aligned block of order log n - 1.
        int bound = RangeEntry.Bound(seen, table.Shift(level));
        ulong most = bound < 0 ? 0 : (4UL << bound) - 1;
        for (int slot = 0; slot <= SlotOf(alignment); slot++)
        {
            most = Math.Min(most, RangeLongest.Bound(Atomic.Load(ref table.Note(level, index, slot)), alignment));
        }

        return most;
    }

    public void Begin(int level, ulong index, ref RangeRun run)
    {
        if (run.Pass == 0)
        {
            if (!Any)
            {
                Atomic.Exchange(ref _noted, 1);
            }

            run.Pass = RangeLongest.OfPass(table.Books.NextPass());
        }

        // Another pass that is looking loses its place: one that stopped would keep it for ever.
        Atomic.Exchange(ref table.Note(level, index, SlotOf(run.Alignment)), run.Pass);
    }

    public void End(int level, ulong index, ref RangeRun run, ulong longest)
        => Atomic.CompareExchange(
            ref table.Note(level, index, SlotOf(run.Alignment)), RangeLongest.Of(run.Alignment, longest), run.Pass);

    /// <summary>Something below became free: nothing is known of its runs.</summary>
    public void Erase(int level, ulong index)
    {
        for (int slot = 0; slot < RangeLongest.Slots; slot++)
        {
            // No compare: what it erases was there at the look, or came since and is merely lost. But a full fence before the look
            // at the next level: a pass there may have read this note, and nothing else between the two looks need be a fence.
            ref ulong word = ref table.Note(level, index, slot);
            if (Atomic.Load(ref word) != RangeLongest.Nothing)
            {
                Atomic.Exchange(ref word, RangeLongest.Nothing);
            }
        }
    }

    private static int SlotOf(int alignment) => alignment == 0 ? 0 : 1;
}
