using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>The entries of a <see cref="RangeTree"/>: how credits go up and down, and how bounds are raised and lowered.</summary>
/// <remarks>
/// <para><b>The count</b> of an entry is at least the number of its children that are not empty. Whoever finds a child empty takes
/// a credit of its parent before making it not empty; whoever makes it empty gives that credit back behind it. So an entry
/// without a count may be claimed as a whole, and one that has a count is entered without a look further up.</para>
/// <para><b>The bound</b> is raised by whoever frees, in each ancestor, behind the freed cells, bottom-up and to the top (mostly
/// reads). A search that found nothing lowers it: (1) set <em>lowering</em> and a new version; (2) look at all children; (3) write, if
/// both still stand. A free behind (1) clears the flag, or comes behind the bound and raises it: each changes its word by a
/// full fence before it reads the other's. A searcher that is stopped leaves the bound high, which is only slow.</para>
/// <para><b>No ABA:</b> a count is the truth itself; only a lowering depends on what lies elsewhere, and carries a version. The proof is
/// docs/proofs/range-tree.md.</para>
/// </remarks>
internal sealed class RangeCredits(RangeTable table, RangeNotes notes)
{
    /// <summary>No block became free: only credits go back.</summary>
    public const int Nothing = -1;

    /// <summary>None, or more than one, of the children became empty.</summary>
    public const ulong NoChild = ulong.MaxValue;

    /// <summary>Takes credits of an entry, so that nobody claims it or what lies above it as a whole.</summary>
    /// <returns>False when somebody holds one of these as a whole.</returns>
    public bool TryTake(int level, ulong index, int credits)
    {
        if (level > table.Top)
        {
            return true;
        }

        ref ulong location = ref table.Entry(level, index);
        ulong parent = table.ParentOf(level, index);
        bool paid = false;
        ulong seen = Atomic.Load(ref location);
        while ((seen & RangeEntry.StateMask) == 0)
        {
            if (!paid && (seen & RangeEntry.CountMask) == 0 && !(paid = TryTake(level + 1, parent, 1)))
            {
                return false;
            }

            ulong now = Atomic.CompareExchange(ref location, seen + ((ulong)credits * RangeEntry.OneCount), seen);
            if (now == seen)
            {
                // Where somebody else's credit made this one not empty, ours is one too many.
                Return(level + 1, parent, paid && (seen & RangeEntry.CountMask) != 0 ? 1 : 0);
                return true;
            }

            seen = now;
        }

        Return(level + 1, parent, paid ? 1 : 0);
        return false;
    }

    /// <summary>Gives credits back that were not needed.</summary>
    public void Return(int level, ulong index, int credits)
    {
        if (credits != 0)
        {
            Raise(level, index, credits, Nothing, NoChild);
        }
    }

    /// <summary>
    /// Gives credits back to an entry, and lets it and all above it know what became free. Called behind the change below, by
    /// whoever made it.
    /// </summary>
    /// <param name="level">The entry's level.</param>
    /// <param name="index">The entry.</param>
    /// <param name="credits">Credits of children that became empty, or that were not needed.</param>
    /// <param name="order">At least the order of a block that became free, or <see cref="Nothing"/>.</param>
    /// <param name="child">The child that became empty, if it was exactly one.</param>
    public void Raise(int level, ulong index, int credits, int order, ulong child)
    {
        while (level <= table.Top && (credits != 0 || order >= 0))
        {
            int shift = table.Shift(level);
            ref ulong location = ref table.Entry(level, index);
            ulong seen = Atomic.Load(ref location);
            bool emptied;
            while (true)
            {
                ulong next = seen - ((ulong)credits * RangeEntry.OneCount);
                emptied = credits != 0 && RangeEntry.IsEmpty(next);
                if (emptied)
                {
                    next = RangeEntry.WithLack(next, 0);
                }
                else if (order >= 0)
                {
                    if (credits != 0 && order >= table.Shift(level - 1) && RangeEntry.Lack(next) > 1)
                    {
                        // A child became empty, and its neighbours may be: together they are a larger block. (A lack of 1
                        // already admits every block short of the whole.) Whoever empties the last of a block's parts
                        // gets here behind that, and sees them all empty.
                        order = Math.Max(order, child == NoChild ? LargestInside(level, index, out _) : OrderAround(level - 1, child));
                    }

                    next = RangeEntry.WithLack(next, Math.Max(0, Math.Min(RangeEntry.Lack(next), shift - order)));
                }

                ulong now;
                if (next == seen || (now = Atomic.CompareExchange(ref location, next, seen)) == seen)
                {
                    break;
                }

                seen = now;
            }

            if (notes.Any)
            {
                notes.Erase(level, index);
            }

            // An entry that became empty gives the credit that its parent has for it back.
            credits = emptied ? 1 : 0;
            order = emptied ? shift : order;
            child = index;
            index = table.ParentOf(level, index);
            level++;
        }
    }

    /// <summary>A search found nothing inside: lowers the entry's bound to what its children admit, in two steps.</summary>
    public void Lower(int level, ulong index, ref RangeRequest request)
    {
        ref ulong location = ref table.Entry(level, index);
        ulong seen = Atomic.Load(ref location);
        if (RangeEntry.IsEmpty(seen) || (seen & RangeEntry.StateMask) != 0)
        {
            return;
        }

        ulong lowering = (seen | RangeEntry.Lowering) + RangeEntry.OneVersion;
        if (Atomic.CompareExchange(ref location, lowering, seen) != seen)
        {
            return; // somebody is at work here; the next search will see
        }

        // From here on, whoever frees something below clears the flag, or comes behind the bound and raises it. So the
        // exchange below succeeds only if what is read here misses no free that has been here already. Another
        // lowering has another version. The count may change meanwhile.
        int lack = table.Shift(level) - LargestInside(level, index, out int steps);
        request.Steps += steps;
        seen = lowering;
        while (((seen ^ lowering) & RangeEntry.LoweringMask) == 0)
        {
            ulong next = RangeEntry.WithLack(seen, Math.Max(lack, RangeEntry.Lack(seen)));
            ulong now = Atomic.CompareExchange(ref location, next, seen);
            if (now == seen)
            {
                return;
            }

            seen = now;
        }
    }

    /// <summary>The order of the largest free aligned block, within one parent, around a child that is empty.</summary>
    private int OrderAround(int level, ulong index)
    {
        int shift = table.Shift(level);
        int most = table.Shift(level + 1) - shift;
        for (int order = 0; order < most; order++)
        {
            ulong buddy = ((index >> order) ^ 1) << order;
            for (ulong i = 0; i < 1UL << order; i++)
            {
                if (!table.IsEmpty(level, buddy + i))
                {
                    return shift + order;
                }
            }
        }

        return shift + most;
    }

    /// <summary>An upper bound on the order of the free aligned blocks inside an entry, from all of its children.</summary>
    private int LargestInside(int level, ulong index, out int steps)
    {
        int shift = table.Shift(level - 1);
        int bits = table.Shift(level) - shift;
        steps = 1 << bits;
        ulong empty = 0;
        int bound = -1;
        for (int i = 0; i < steps; i++)
        {
            ulong seen = Atomic.Load(ref table.Entry(level - 1, (index << bits) + (ulong)i));
            if (level == 1 ? seen == 0 : RangeEntry.IsEmpty(seen))
            {
                empty |= 1UL << i;
            }
            else
            {
                bound = Math.Max(bound, level == 1 ? RangeCells.LargestFree(seen) : RangeEntry.Bound(seen, shift));
            }
        }

        return empty == 0 ? bound : Math.Max(bound, shift + RangeEntry.LargestRow(empty, bits));
    }
}
