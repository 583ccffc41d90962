namespace MagAlloc.Tests.Iova.Model;

/// <summary>What a domain must do, in the simplest form: the held ranges in a sorted list, and the kernel's rules over it.</summary>
/// <remarks>
/// The model knows nothing of caches: it holds what callers hold. What a domain caches is in use for the domain and free here.
/// </remarks>
/// <param name="start">Lowest page frame that may be handed out.</param>
/// <param name="last">Highest one.</param>
internal sealed class IovaModel(ulong start, ulong last)
{
    private readonly List<ModelRange> _ranges = [];

    public int Count => _ranges.Count;

    public ulong HeldUnits { get; private set; }

    public ulong ReservedUnits { get; private set; }

    public int ReservedCount { get; private set; }

    public ModelRange this[int index] => _ranges[index];

    /// <summary>A range has been handed out: it must be inside the space and disjoint from every held one.</summary>
    public void Add(ModelRange range)
    {
        Require(range.First <= range.Last, $"{range} is upside down");
        Require(range.First >= start && range.Last <= last, $"{range} leaves the space");
        int at = Position(range.First);
        Require(at == 0 || _ranges[at - 1].Last < range.First, () => $"{range} overlaps {_ranges[at - 1]}");
        Require(at == _ranges.Count || range.Last < _ranges[at].First, () => $"{range} overlaps {_ranges[at]}");
        _ranges.Insert(at, range);
        Book(range, added: true);
    }

    public ModelRange RemoveAt(int index)
    {
        ModelRange range = _ranges[index];
        _ranges.RemoveAt(index);
        Book(range, added: false);
        return range;
    }

    public void Remove(ulong first)
    {
        int at = Position(first);
        Require(at < _ranges.Count && _ranges[at].First == first, $"the model has no range at {first}");
        RemoveAt(at);
    }

    /// <summary>The held range that contains <paramref name="pfn"/> (find_iova: any page frame inside matches).</summary>
    public bool TryFind(ulong pfn, out ModelRange range)
    {
        int at = Position(pfn);
        if (at < _ranges.Count && _ranges[at].First == pfn)
        {
            range = _ranges[at];
            return true;
        }

        range = at > 0 ? _ranges[at - 1] : default;
        return at > 0 && range.Last >= pfn;
    }

    /// <summary>The highest aligned place below the limit (the limit is inclusive).</summary>
    public bool TryHighest(ulong units, ulong alignment, ulong limit, out ulong first)
        => TryHighest(_ranges.Select(range => range.Range).Reverse(), units, alignment, limit, out first);

    /// <summary>The same over any ranges, given highest first.</summary>
    public bool TryHighest(IEnumerable<IovaRange> descending, ulong units, ulong alignment, ulong limit, out ulong first)
    {
        // The 128-bit arithmetic is slow and cannot wrap: what the domain has to get right with 64 bits is not repeated here.
        Int128 ceiling = Math.Min(limit, last);
        foreach (IovaRange range in descending)
        {
            if (Fits((Int128)range.Last + 1, ceiling, units, alignment, out first))
            {
                return true;
            }

            ceiling = Int128.Min(ceiling, (Int128)range.First - 1);
        }

        return Fits(start, ceiling, units, alignment, out first);
    }

    /// <summary>
    /// reserve_iova without the defect W13: what is free within the bounds is reserved, one range for each gap; what is in
    /// use stays as it is and is reported.
    /// </summary>
    public (List<IovaRange> Reserved, List<IovaRange> Overlapped) Reserve(ulong lo, ulong hi)
    {
        List<IovaRange> reserved = [];
        List<IovaRange> overlapped = [];
        ulong next = lo;
        foreach (ModelRange range in _ranges.Where(range => range.Last >= lo && range.First <= hi))
        {
            if (range.First > next)
            {
                reserved.Add(new IovaRange(next, range.First - 1));
            }

            overlapped.Add(range.Range);
            next = range.Last + 1;
        }

        if (next <= hi)
        {
            reserved.Add(new IovaRange(next, hi));
        }

        reserved.ForEach(range => Add(new ModelRange(range.First, range.Last, ModelKind.Reserved, range.Count)));
        return (reserved, overlapped);
    }

    /// <summary>What is held, lowest first.</summary>
    public IEnumerable<ModelRange> Ascending() => _ranges;

    public static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new IovaModelViolationException(otherwise);
        }
    }

    private static void Require(bool holds, Func<string> otherwise)
    {
        if (!holds)
        {
            throw new IovaModelViolationException(otherwise());
        }
    }

    private static bool Fits(Int128 lowest, Int128 highest, ulong units, ulong alignment, out ulong first)
    {
        Int128 place = highest - units + 1;
        place &= -(Int128)alignment;
        bool fits = place >= lowest && units > 0;
        first = fits ? (ulong)place : 0;
        return fits;
    }

    /// <summary>Index of the first range that starts at or above <paramref name="pfn"/>.</summary>
    private int Position(ulong pfn)
    {
        int low = 0;
        int high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].First < pfn)
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

    private void Book(ModelRange range, bool added)
    {
        ulong units = added ? range.Units : unchecked(0 - range.Units);
        if (range.Kind == ModelKind.Reserved)
        {
            ReservedUnits = unchecked(ReservedUnits + units);
            ReservedCount += added ? 1 : -1;
        }
        else
        {
            HeldUnits = unchecked(HeldUnits + units);
        }
    }
}
