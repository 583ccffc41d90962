using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <content>Ranges out of the tree: allocation, free, look-up, reservation.</content>
public sealed unsafe partial class IovaDomain
{
    /// <summary>Allocates a range from the tree (<c>alloc_iova</c>). Looks into no magazine, and flushes none.</summary>
    /// <param name="size">Granules, at least 1; any size up to the whole space.</param>
    /// <param name="limitPfn">The highest pfn that the range may have; above <see cref="LastPfn"/> means it.</param>
    /// <param name="sizeAligned">Whether the first pfn must be a multiple of the size rounded up to a power of two.</param>
    /// <param name="range">The range; exactly <paramref name="size"/> pfns.</param>
    /// <returns>False when no such range is free; what magazines hold is not.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is 0.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public bool TryAllocate(ulong size, ulong limitPfn, bool sizeAligned, out IovaRange range)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ThreadCache* cache = Protect();
        try
        {
            range = default;
            ulong last = Math.Min(limitPfn, LastPfn);

            // Before any sum that could wrap.
            if (last < _startPfn || size - 1 > last - _startPfn
                || !TryTakeFromTree(size, sizeAligned ? OrderOf(size - 1) : 0, last, out ulong first))
            {
                TellExhausted(size);
                return false;
            }

            range = new IovaRange(first, first + size - 1);
            return true;
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>As <see cref="TryAllocate"/>, but throws when nothing is free.</summary>
    /// <param name="size">Granules, at least 1.</param>
    /// <param name="limitPfn">The highest pfn that the range may have; above <see cref="LastPfn"/> means it.</param>
    /// <param name="sizeAligned">Whether the first pfn must be a multiple of the size rounded up to a power of two.</param>
    /// <returns>The range.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is 0.</exception>
    /// <exception cref="IovaExhaustedException">No such range is free.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public IovaRange Allocate(ulong size, ulong limitPfn, bool sizeAligned)
    {
        if (!TryAllocate(size, limitPfn, sizeAligned, out IovaRange range))
        {
            ThrowExhausted(size, limitPfn);
        }

        return range;
    }

    /// <summary>Frees exactly the given range, an allocation or a reserved piece (<c>__free_iova</c>).</summary>
    /// <param name="range">As <see cref="Allocate"/> or <see cref="Reserve"/> returned it.</param>
    /// <returns>
    /// False, and nothing changes, when not exactly this range is in use; with checks on, also when it lies in a magazine
    /// (that misuse is counted and reported as well).
    /// </returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public bool Free(IovaRange range)
    {
        ThreadCache* cache = Protect();
        try
        {
            if (range.First < _startPfn || range.Last > LastPfn || range.Last < range.First)
            {
                return false;
            }

            if (_reserved.TryRemove(range))
            {
                // Whoever removes it is the one who frees it.
                _tree.FreeHeld(range.First, range.Last);
                return true;
            }

            return IsFreeable(range.First, range.Count) && FreeInTree(range);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>
    /// Frees the allocation that holds a pfn, whichever of its pfns that is (<c>free_iova</c>). Reserved ranges are not freed
    /// this way.
    /// </summary>
    /// <param name="pfn">Any pfn.</param>
    /// <returns>
    /// False, and nothing changes, when no allocation holds it; with checks on, also when that lies in a magazine (that misuse is
    /// counted and reported as well).
    /// </returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <remarks>
    /// Without checks a range that is cached is freed like any other, as in the kernel, and its magazine hands it out all the
    /// same.
    /// </remarks>
    public bool Free(ulong pfn)
    {
        ThreadCache* cache = Protect();
        try
        {
            return TryFindInUse(pfn, out IovaRange range) && IsFreeable(range.First, range.Count) && FreeInTree(range);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>Finds the range in use that holds a pfn (<c>find_iova</c>): an allocation, a cached range or a reserved piece.</summary>
    /// <param name="pfn">Any pfn.</param>
    /// <param name="range">The range, in full.</param>
    /// <returns>False when the pfn is free, or outside the domain.</returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public bool TryFind(ulong pfn, out IovaRange range)
    {
        ThreadCache* cache = Protect();
        try
        {
            return TryFindInUse(pfn, out range);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>Finds the lowest range in use that ends at or above a pfn: the step of a walk that allocates nothing.</summary>
    /// <param name="fromPfn">Any pfn.</param>
    /// <param name="range">The range, in full; cached ranges and reserved pieces count as in use.</param>
    /// <returns>False when there is none.</returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public bool TryFindNext(ulong fromPfn, out IovaRange range)
    {
        ThreadCache* cache = Protect();
        try
        {
            return TryNextInUse(Math.Max(fromPfn, _startPfn), LastPfn, out range);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>
    /// All ranges in use, ascending: allocations, cached ranges (the kernel counts them too) and reserved pieces. A walk, not a
    /// snapshot: exact while nobody else uses the domain.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public IReadOnlyList<IovaRange> EnumerateInUse()
    {
        List<IovaRange> ranges = [];
        for (ulong from = _startPfn; TryFindNext(from, out IovaRange range); from = range.Last + 1)
        {
            ranges.Add(range);
        }

        return ranges;
    }

    /// <summary>
    /// Takes every free part of a region out of circulation (<c>reserve_iova</c>): for addresses that a device or firmware uses,
    /// such as the window of message-signalled interrupts. What is in use stays what it is, and is reported.
    /// </summary>
    /// <param name="firstPfn">The lowest pfn of the region. What lies below <see cref="StartPfn"/> is out of circulation already.</param>
    /// <param name="lastPfn">The highest pfn of the region, at most <see cref="LastPfn"/>.</param>
    /// <returns>The pieces that are reserved now, and the ranges that were in the way.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The region ends before it begins, or above <see cref="LastPfn"/>.</exception>
    /// <exception cref="OutOfMemoryException">Managed memory was refused; nothing is reserved.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <remarks>
    /// Cached ranges are in the way, as in the kernel: call <see cref="Flush"/> first where that matters. Neighbouring
    /// reservations are not merged. Allocates managed memory; cost grows with the number of reserved pieces.
    /// </remarks>
    public IovaReservation Reserve(ulong firstPfn, ulong lastPfn)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lastPfn, LastPfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstPfn, lastPfn);
        ThreadCache* cache = Protect();
        try
        {
            List<IovaRange> reserved = [];
            List<IovaRange> overlapped = [];
            ulong start = Math.Max(firstPfn, _startPfn);
            if (start <= lastPfn)
            {
                return ReserveAll(start, lastPfn, reserved, overlapped);
            }

            return new IovaReservation(reserved, overlapped);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>Claims and records. The record is the last step: whatever managed memory is refused before it, the claims are undone.</summary>
    /// <remarks>Claimed pieces are held in the tree, from the step that claims them to the one that frees them: no free by a pfn, late or wrong, ever takes one.</remarks>
    private IovaReservation ReserveAll(ulong start, ulong end, List<IovaRange> reserved, List<IovaRange> overlapped)
    {
        try
        {
            // From the start again after each piece: what was in use below it may be free by now.
            while (_tree.TryNextFree(start, end, out ulong first, out ulong last))
            {
                reserved.EnsureCapacity(reserved.Count + 1);
                FailAsIfOutOfMemory();

                // Somebody else may have taken part of it: then the next look sees what is left.
                if (_tree.TryClaimHeld(first, last))
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
                _tree.FreeHeld(piece.First, piece.Last);
            }

            // A request that met these claims was refused for what is free again.
            _committed.Transit.Pass();
            throw;
        }
    }

    private void FailAsIfOutOfMemory()
    {
        if (FaultPlan.Fails(_options.Faults, FaultPoint.Metadata))
        {
            throw new OutOfMemoryException($"{Name}: the record of the reservation was refused. Nothing is reserved.");
        }
    }

    /// <summary>Lists what is in use from a pfn on, in ranges that begin below another one.</summary>
    private void AddInUse(ulong from, ulong end, List<IovaRange> into)
    {
        while (from < end && TryNextInUse(from, end - 1, out IovaRange range))
        {
            into.Add(range);
            from = range.Last + 1;
        }
    }

    private bool TryFindInUse(ulong pfn, out IovaRange range)
    {
        range = default;
        if (pfn < _startPfn || pfn > LastPfn)
        {
            return false;
        }

        // The tree does not show what is held.
        if (_reserved.TryFind(pfn, out range))
        {
            return true;
        }

        bool found = _tree.TryFind(pfn, out ulong first, out ulong last);
        range = found ? new IovaRange(first, last) : default;
        return found;
    }

    /// <summary>The lowest range in use that ends at or above a pfn, and begins at or below another one.</summary>
    private bool TryNextInUse(ulong from, ulong to, out IovaRange range)
    {
        bool isReserved = _reserved.TryFindNext(from, out range) && range.First <= to;
        if (isReserved && range.First <= from)
        {
            return true;
        }

        if (from <= to && _tree.TryNext(from, isReserved ? range.First - 1 : to, out ulong first, out ulong last))
        {
            range = new IovaRange(first, last);
            return true;
        }

        range = isReserved ? range : default;
        return isReserved;
    }

    private bool IsFreeable(ulong pfn, ulong size)
    {
        if (TryClassify(pfn, size, out _, out IovaMisuseKind wrong))
        {
            return true;
        }

        if (wrong == IovaMisuseKind.DoubleFree)
        {
            _misuses.Report(wrong, pfn, size);
        }

        return false;
    }

    /// <summary>Frees a range that was just seen. Of several callers one succeeds.</summary>
    private bool FreeInTree(IovaRange range)
    {
        if (!_tree.TryFree(range.First, out ulong first, out ulong last))
        {
            return false;
        }

        if (first != range.First || last != range.Last)
        {
            // Two frees of one range, and another one allocated in its place between the look and the free: that one is gone.
            _misuses.Report(IovaMisuseKind.DoubleFree, range.First, range.Count);
        }

        return true;
    }
}
