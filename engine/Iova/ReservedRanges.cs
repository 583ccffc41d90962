using MagAlloc.Concurrency;

namespace MagAlloc.Iova;

/// <summary>The ranges of a domain that are reserved: disjoint, sorted, looked up by every free. Lock-free.</summary>
/// <remarks>
/// An immutable array that writers replace by compare-and-swap: reservations are made a few times in a domain's life, look-ups
/// come with every free. A range is added after it was claimed in the tree and removed before it is freed there, so what
/// is found here is in use, and of two removals one wins. No ABA: an array is garbage only when nobody compares with it.
/// </remarks>
internal sealed class ReservedRanges
{
    private IovaRange[]? _sorted = [];

    public int Count => Now.Length;

    public ulong Units
    {
        get
        {
            ulong units = 0;
            foreach (IovaRange range in Now)
            {
                units += range.Count;
            }

            return units;
        }
    }

    private IovaRange[] Now => Atomic.Load(ref _sorted)!;

    /// <summary>Finds the reserved range that has a pfn in common with the given one, the lowest of them.</summary>
    public bool TryFind(IovaRange range, out IovaRange reserved)
    {
        IovaRange[] sorted = Now;
        int at = LowestEndingAtOrAbove(sorted, range.First);
        reserved = at < sorted.Length ? sorted[at] : default;
        return at < sorted.Length && reserved.Overlaps(range);
    }

    /// <summary>Adds ranges that are disjoint from one another and from all that is here.</summary>
    public void Add(List<IovaRange> ranges)
    {
        while (ranges.Count > 0)
        {
            IovaRange[] seen = Now;
            IovaRange[] next = [.. seen, .. ranges];
            Array.Sort(next, static (a, b) => a.First.CompareTo(b.First));
            if (ReferenceEquals(Atomic.CompareExchange(ref _sorted, next, seen), seen))
            {
                return;
            }
        }
    }

    /// <returns>False when exactly this range is not reserved.</returns>
    public bool TryRemove(IovaRange range)
    {
        while (true)
        {
            IovaRange[] seen = Now;
            int at = LowestEndingAtOrAbove(seen, range.First);
            if (at == seen.Length || seen[at] != range)
            {
                return false;
            }

            IovaRange[] next = [.. seen.AsSpan(0, at), .. seen.AsSpan(at + 1)];
            if (ReferenceEquals(Atomic.CompareExchange(ref _sorted, next, seen), seen))
            {
                return true;
            }
        }
    }

    private static int LowestEndingAtOrAbove(IovaRange[] sorted, ulong pfn)
    {
        int low = 0;
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle].Last < pfn)
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
}
