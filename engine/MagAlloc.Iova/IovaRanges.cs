using MagAlloc.Concurrency;
using MagAlloc.Iova.Ranges;
using MagAlloc.Platform;

namespace MagAlloc.Iova;

/// <summary>The ranges of a domain that are in use: the tree, the reservations beside it, and what is wrong with a free.</summary>
/// <remarks>
/// Below the start pfn lies one range of the tree that nobody can name: it is in use for every search. Reserved pieces are held in the
/// tree, from the step that claims them to the one that frees them: no free by a pfn, late or wrong, ever takes one.
/// </remarks>
/// <param name="space">The domain's pfns.</param>
/// <param name="options">The domain's options.</param>
/// <param name="misuses">Told what is wrong with a free.</param>
/// <param name="transit">Told when what was claimed for a moment is free again.</param>
/// <exception cref="OutOfMemoryException">The tree was refused; nothing is left behind.</exception>
internal sealed class IovaRanges(IovaSpace space, IovaDomainOptions options, IovaMisuseLog misuses, Transit transit)
{
    private readonly ReservedRanges _reserved = new();
    private readonly bool _marks = options.Checks != CheckLevel.None;

    public RangeTree Tree { get; } = MakeTree(space, options);

    public long UsedUnits => Tree.UsedUnits - (long)space.Start;

    public long Count => Tree.Ranges - (space.Start != 0 ? 1 : 0);

    public long ReservedUnits => (long)_reserved.Units;

    public int ReservedCount => _reserved.Count;

    public bool TryTake(ulong units, int order, ulong last, out ulong pfn)
    {
        if (FaultPlan.Fails(options.Faults, FaultPoint.RangeClaim))
        {
            // Which notes itself.
            pfn = 0;
            return false;
        }

        if (Tree.TryAllocate(units, order, last, out pfn))
        {
            return true;
        }

        Refusal.Note(RefusalKind.Reservation);
        return false;
    }

    /// <summary>Ends the mark of a range that lay in a magazine, where ranges are marked.</summary>
    /// <returns>False when somebody freed the range to the tree in the middle of a free into the magazine; it is left alone.</returns>
    public bool TryHandOut(ulong pfn, ulong size)
    {
        bool isOurs = !_marks || Tree.TryUnmark(pfn);
        if (!isOurs)
        {
            misuses.Report(IovaMisuseKind.DoubleFree, pfn, size);
        }

        return isOurs;
    }

    /// <summary>Marks a range that goes into a magazine, where ranges are marked.</summary>
    /// <returns>False when this is not an allocated range of exactly that order; the reason is looked for elsewhere.</returns>
    public bool TryMarkFreed(ulong pfn, int order) => !_marks || (!_reserved.TryFind(pfn, out _) && Tree.TryMark(pfn, order));

    /// <summary>Frees exactly a range, an allocation or a reserved piece.</summary>
    public bool Free(IovaRange range)
    {
        if (!space.Contains(range.First, range.Last))
        {
            return false;
        }

        if (_reserved.TryRemove(range))
        {
            // Whoever removes it is the one who frees it.
            Tree.FreeHeld(range.First, range.Last);
            return true;
        }

        return FreeAllocated(range);
    }

    /// <summary>Frees exactly a range that is an allocation.</summary>
    public bool FreeAllocated(IovaRange range)
    {
        bool freed = TryFree(range.First, range.Count, out IovaMisuseKind wrong);
        if (!freed && wrong == IovaMisuseKind.DoubleFree)
        {
            misuses.Report(wrong, range.First, range.Count);
        }

        return freed;
    }

    /// <summary>A free by place and size that does not go into a magazine.</summary>
    public void FreeOrRefuse(ulong pfn, ulong size)
    {
        if (!TryFree(pfn, size, out IovaMisuseKind wrong))
        {
            Refuse(wrong, pfn, size);
        }
    }

    /// <summary>Counts and reports a misuse; throws where checks are on.</summary>
    public void Refuse(IovaMisuseKind kind, ulong pfn, ulong size)
    {
        IovaMisuseReport report = misuses.Report(kind, pfn, size);
        if (_marks)
        {
            throw new IovaMisuseException(report);
        }
    }

    /// <summary>Finds the range in use that holds a pfn.</summary>
    public bool TryFind(ulong pfn, out IovaRange range)
    {
        range = default;
        if (!space.Contains(pfn, pfn))
        {
            return false;
        }

        // The tree does not show what is held.
        if (_reserved.TryFind(pfn, out range))
        {
            return true;
        }

        bool found = Tree.TryFind(pfn, out ulong first, out ulong last);
        range = found ? new IovaRange(first, last) : default;
        return found;
    }

    /// <summary>The lowest range in use that ends at or above a pfn, and begins at or below another one.</summary>
    public bool TryFindNext(ulong from, ulong to, out IovaRange range)
    {
        bool isReserved = _reserved.TryFindNext(from, out range) && range.First <= to;
        if (isReserved && range.First <= from)
        {
            return true;
        }

        if (from <= to && Tree.TryNext(from, isReserved ? range.First - 1 : to, out ulong first, out ulong last))
        {
            range = new IovaRange(first, last);
            return true;
        }

        range = isReserved ? range : default;
        return isReserved;
    }

    /// <summary>Claims and records. The record is the last step: whatever managed memory is refused before it, the claims are undone.</summary>
    public IovaReservation Reserve(ulong start, ulong end)
    {
        List<IovaRange> reserved = [];
        List<IovaRange> overlapped = [];
        try
        {
            // From the start again after each piece: what was in use below it may be free by now.
            while (Tree.TryNextFree(start, end, out ulong first, out ulong last))
            {
                reserved.EnsureCapacity(reserved.Count + 1);
                FailAsIfOutOfMemory();

                // Somebody else may have taken part of it: then the next look sees what is left.
                if (Tree.TryClaimHeld(first, last))
                {
                    reserved.Add(new IovaRange(first, last));
                }
            }

            FailAsIfOutOfMemory();
            reserved.Sort(static (a, b) => a.First.CompareTo(b.First));
            ulong from = start;
            foreach (IovaRange piece in reserved)
            {
                AddInUse(from, piece.First, overlapped);
                from = piece.Last + 1;
            }

            AddInUse(from, end + 1, overlapped);
            var reservation = new IovaReservation(reserved, overlapped);
            FailAsIfOutOfMemory();
            _reserved.Add(reserved);
            return reservation;
        }
        catch
        {
            foreach (IovaRange piece in reserved)
            {
                Tree.FreeHeld(piece.First, piece.Last);
            }

            // A request that met these claims was refused for what is free again.
            transit.Pass();
            throw;
        }
    }

    private static RangeTree MakeTree(IovaSpace space, IovaDomainOptions options)
    {
        try
        {
            var tree = new RangeTree(space.Last + 1, options.Faults);
            if (space.Start != 0)
            {
                tree.TryClaim(0, space.Start - 1);
            }

            return tree;
        }
        catch (OutOfMemoryException refused)
        {
            throw new OutOfMemoryException(
                $"{options.Name}: {refused.Message} Fewer {nameof(IovaDomainOptions.AddressBits)} ({options.AddressBits})"
                + " or a larger granule need less.",
                refused);
        }
    }

    private void FailAsIfOutOfMemory()
    {
        if (FaultPlan.Fails(options.Faults, FaultPoint.Metadata))
        {
            throw new OutOfMemoryException($"{options.Name}: the record of the reservation was refused. Nothing is reserved.");
        }
    }

    /// <summary>Lists what is in use from a pfn on, in ranges that begin below another one.</summary>
    private void AddInUse(ulong from, ulong end, List<IovaRange> into)
    {
        while (from < end && TryFindNext(from, end - 1, out IovaRange range))
        {
            into.Add(range);
            from = range.Last + 1;
        }
    }

    /// <summary>Frees an allocation of exactly that place and size, which is not marked.</summary>
    /// <param name="pfn">The first pfn.</param>
    /// <param name="size">How many.</param>
    /// <param name="wrong">Why not.</param>
    private bool TryFree(ulong pfn, ulong size, out IovaMisuseKind wrong)
    {
        wrong = IovaMisuseKind.NotAllocated;
        if (_reserved.TryFind(pfn, out _))
        {
            wrong = IovaMisuseKind.Reserved;
        }
        else if (!Tree.TryFind(pfn, out ulong first, out ulong last))
        {
            return false;
        }
        else if (first != pfn)
        {
            wrong = IovaMisuseKind.NotFirst;
        }
        else if (_marks && Tree.IsMarked(first))
        {
            wrong = IovaMisuseKind.DoubleFree;
        }
        else if (last - first != size - 1)
        {
            wrong = IovaMisuseKind.WrongSize;
        }
        else
        {
            // Of several callers one succeeds; another range that begins in its place meanwhile stays.
            return Tree.TryFreeExactly(first, last);
        }

        return false;
    }
}
