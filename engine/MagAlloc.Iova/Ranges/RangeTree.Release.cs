using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>From "in use" to "free": cells and entries are cleared, credits go back, hints are raised and lowered.</content>
internal sealed unsafe partial class RangeTree
{
    /// <summary>No block became free: only credits go back.</summary>
    private const int Nothing = -1;

    /// <summary>None, or more than one, of the children became empty.</summary>
    private const ulong NoChild = ulong.MaxValue;

    /// <summary>Clears a range that the caller holds, in descending order: its start goes last.</summary>
    private void ReleasePieces(ulong first, ulong last)
    {
        RangeSegment* segments = stackalloc RangeSegment[(2 * _top) + 1];
        ReleaseSegments(segments, Split(first, last, segments));
    }

    private void ReleaseSegments(RangeSegment* segments, int count)
    {
        while (--count >= 0)
        {
            RangeSegment segment = segments[count];
            if (segment.Level == 0)
            {
                ReleaseCells(segment.First >> _leafShift, segment.First, segment.Last + 1, 0);
            }
            else
            {
                int shift = Shift(segment.Level);
                ReleaseEntries(segment.Level, segment.First >> shift, (segment.Last >> shift) + 1, 0);
            }
        }
    }

    /// <summary>Clears the caller's cells in one leaf, the last first.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="first">The first unit.</param>
    /// <param name="end">The unit behind the last.</param>
    /// <param name="credits">What else the caller gives back to the leaf.</param>
    private void ReleaseCells(ulong leaf, ulong first, ulong end, int credits)
    {
        int order = Nothing;
        int emptied = 0;
        ulong child = NoChild;
        while (end > first)
        {
            ulong word = (end - 1) >> WordShift;
            ulong from = Math.Max(first, word << WordShift);
            ulong mask = RangeCells.Mask((int)(from % RangeCells.PerWord), (int)(end - from));
            ulong left = Atomic.And(ref Entry(0, word), ~mask) & ~mask;
            order = Math.Max(order, RangeCells.LargestFree(left));
            if (left == 0)
            {
                emptied++;
                child = word;
            }

            end = from;
        }

        Raise(1, leaf, credits + emptied, order, emptied == 1 ? child : NoChild);
    }

    /// <summary>Clears the caller's entries under one parent, the last first.</summary>
    private void ReleaseEntries(int level, ulong first, ulong end, int credits)
    {
        int order = end > first ? Shift(level) : Nothing;
        ulong child = end - first == 1 ? first : NoChild;
        int emptied = (int)(end - first);
        ulong parent = level == _top ? 0 : first >> (Shift(level + 1) - Shift(level));
        while (end-- > first)
        {
            ref ulong location = ref Entry(level, end);
            ulong seen = Atomic.Load(ref location);
            ulong now;
            while ((now = Atomic.CompareExchange(ref location, RangeEntry.WithLack(seen & ~RangeEntry.StateMask, 0), seen)) != seen)
            {
                seen = now;
            }
        }

        Raise(level + 1, parent, credits + emptied, order, child);
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
    private void Raise(int level, ulong index, int credits, int order, ulong child)
    {
        while (level <= _top && (credits != 0 || order >= 0))
        {
            int shift = Shift(level);
            ref ulong location = ref Entry(level, index);
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
                    if (credits != 0 && order >= Shift(level - 1) && RangeEntry.Lack(next) > 1)
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

            if (Atomic.Load(ref _noted) != 0)
            {
                ForgetLongest(level, index);
            }

            // An entry that became empty gives the credit that its parent has for it back.
            credits = emptied ? 1 : 0;
            order = emptied ? shift : order;
            child = index;
            if (level < _top)
            {
                index >>= Shift(level + 1) - shift;
            }

            level++;
        }
    }

    /// <summary>The order of the largest free aligned block, within one parent, around a child that is empty.</summary>
    private int OrderAround(int level, ulong index)
    {
        int shift = Shift(level);
        int most = Shift(level + 1) - shift;
        for (int order = 0; order < most; order++)
        {
            ulong buddy = ((index >> order) ^ 1) << order;
            for (ulong i = 0; i < 1UL << order; i++)
            {
                if (!IsEmpty(level, buddy + i))
                {
                    return shift + order;
                }
            }
        }

        return shift + most;
    }

    private bool IsEmpty(int level, ulong index)
    {
        ulong seen = Atomic.Load(ref Entry(level, index));
        return level == 0 ? seen == 0 : RangeEntry.IsEmpty(seen);
    }

    /// <summary>An upper bound on the order of the free aligned blocks inside an entry, from all of its children.</summary>
    private int LargestInside(int level, ulong index, out int steps)
    {
        int shift = Shift(level - 1);
        int bits = Shift(level) - shift;
        steps = 1 << bits;
        ulong empty = 0;
        int bound = -1;
        for (int i = 0; i < steps; i++)
        {
            ulong seen = Atomic.Load(ref Entry(level - 1, (index << bits) + (ulong)i));
            if (level == 1 ? seen == 0 : RangeEntry.IsEmpty(seen))
            {
                empty |= 1UL << i;
            }
            else
            {
                bound = Math.Max(bound, level == 1 ? RangeCells.LargestFree(seen) : RangeEntry.Bound(seen, shift));
            }
        }

        return empty == 0 ? bound : Math.Max(bound, shift + LargestRow(empty, bits));
    }

    /// <summary>The order of the largest aligned row of set bits; at least one is set.</summary>
    private static int LargestRow(ulong set, int bits)
    {
        int order = 0;
        while (order < bits)
        {
            int half = 1 << order;
            ulong aligned = order == 5 ? 1 : ulong.MaxValue / ((1UL << (2 * half)) - 1);
            set = set & (set >> half) & aligned;
            if (set == 0)
            {
                break;
            }

            order++;
        }

        return order;
    }

    /// <summary>A search found nothing inside: lowers the entry's bound to what its children admit, in two steps.</summary>
    private void Lower(int level, ulong index, ref RangeRequest request)
    {
        ref ulong location = ref Entry(level, index);
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
        int lack = Shift(level) - LargestInside(level, index, out int steps);
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
}
