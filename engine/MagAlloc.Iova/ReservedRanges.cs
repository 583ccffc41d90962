using MagAlloc.Concurrency;

namespace MagAlloc.Iova;

/// <summary>The ranges of a domain that are reserved: disjoint, sorted, looked up by every free. Lock-free.</summary>
/// <remarks>
/// An immutable array that <see cref="Add"/> replaces by compare-and-swap: reservations are made a few times in a domain's life, look-ups
/// come with every free. A range is added after it was claimed in the tree and marked as freed before it is freed there, so what
/// is found here is in use, and of two removals one wins. A removal needs no memory: the mark is the entry's, whatever arrays it is in, and the next addition leaves it out.
/// So what is added never overlaps with an entry of the new array: whatever lay there was marked before the tree could give its place away. No ABA: an
/// array is garbage only when nobody compares with it.
/// </remarks>
internal sealed class ReservedRanges
{
    private ReservedRange[]? _sorted = [];

    public int Count
    {
        get
        {
            int count = 0;
            foreach (ReservedRange entry in Now)
            {
                count += entry.IsFreed ? 0 : 1;
            }

            return count;
        }
    }

    public ulong Units
    {
        get
        {
            ulong units = 0;
            foreach (ReservedRange entry in Now)
            {
                units += entry.IsFreed ? 0 : entry.Range.Count;
            }

            return units;
        }
    }

    private ReservedRange[] Now => Atomic.Load(ref _sorted)!;

    /// <summary>Finds the reserved range that holds a pfn.</summary>
    public bool TryFind(ulong pfn, out IovaRange reserved) => TryFindNext(pfn, out reserved) && reserved.First <= pfn;

    /// <summary>Finds the lowest reserved range that ends at or above a pfn.</summary>
    public bool TryFindNext(ulong pfn, out IovaRange reserved)
    {
        ReservedRange[] sorted = Now;
        for (int at = LowestEndingAtOrAbove(sorted, pfn); at < sorted.Length; at++)
        {
            if (!sorted[at].IsFreed)
            {
                reserved = sorted[at].Range;
                return true;
            }
        }

        reserved = default;
        return false;
    }

    /// <summary>Adds ranges that are disjoint from one another and from all that is here. Allocates; nothing is added when that fails.</summary>
    public void Add(List<IovaRange> ranges)
    {
        ReservedRange[] added = [.. ranges.Select(static range => new ReservedRange(range))];
        while (added.Length > 0)
        {
            ReservedRange[] seen = Now;
            ReservedRange[] next = [.. seen.Where(static entry => !entry.IsFreed), .. added];
            Array.Sort(next, static (a, b) => a.Range.First.CompareTo(b.Range.First));
            if (ReferenceEquals(Atomic.CompareExchange(ref _sorted, next, seen), seen))
            {
                return;
            }
        }
    }

    /// <returns>False when exactly this range is not reserved.</returns>
    public bool TryRemove(IovaRange range)
    {
        ReservedRange[] sorted = Now;
        int at = LowestEndingAtOrAbove(sorted, range.First);
        return at < sorted.Length && sorted[at].Range == range && sorted[at].TryFree();
    }

    private static int LowestEndingAtOrAbove(ReservedRange[] sorted, ulong pfn)
    {
        int low = 0;
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle].Range.Last < pfn)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A reserved piece of a domain. Of those who free it one wins.</summary>
    private sealed class ReservedRange(IovaRange range)
    {
        private int _isFreed;

        public IovaRange Range => range;

        public bool IsFreed => Atomic.Load(ref _isFreed) != 0;

        public bool TryFree() => Atomic.CompareExchange(ref _isFreed, 1, 0) == 0;
    }
}
