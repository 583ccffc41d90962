using MagAlloc.Magazines;

namespace MagAlloc;

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
                || FaultPlan.Fails(_options.Faults, FaultPoint.RangeClaim)
                || !_tree.TryAllocate(size, sizeAligned ? OrderOf(size - 1) : 0, last, out ulong first))
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
                return _tree.TryFree(range.First, out _, out _);
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
            range = default;
            ulong from = Math.Max(fromPfn, _startPfn);
            if (from > LastPfn || !_tree.TryNext(from, out ulong first, out ulong last))
            {
                return false;
            }

            range = new IovaRange(first, last);
            return true;
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
    /// <exception cref="OutOfMemoryException">The record of the reservation was refused; nothing is reserved.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <remarks>
    /// Cached ranges are in the way, as in the kernel: call <see cref="FlushCaches"/> first where that matters. Neighbouring
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
                ClaimAll(start, lastPfn, reserved);
                reserved.Sort(static (a, b) => a.First.CompareTo(b.First));
                HashSet<IovaRange> own = [.. reserved];
                for (ulong from = start; from <= lastPfn && _tree.TryNext(from, out ulong first, out ulong last); from = last + 1)
                {
                    var range = new IovaRange(first, last);
                    if (first <= lastPfn && !own.Contains(range))
                    {
                        overlapped.Add(range);
                    }
                }

                _reserved.Add(reserved);
            }

            return new IovaReservation(reserved, overlapped);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    private void ClaimAll(ulong start, ulong end, List<IovaRange> claimed)
    {
        try
        {
            // From the start again after each piece: what was in use below it may be free by now.
            while (_tree.TryNextFree(start, end, out ulong first, out ulong last))
            {
                claimed.EnsureCapacity(claimed.Count + 1);
                if (FaultPlan.Fails(_options.Faults, FaultPoint.Metadata))
                {
                    throw new OutOfMemoryException("The record of the reservation was refused.");
                }

                // Somebody else may have taken part of it: then the next look sees what is left.
                if (_tree.TryClaim(first, last))
                {
                    claimed.Add(new IovaRange(first, last));
                }
            }
        }
        catch
        {
            foreach (IovaRange range in claimed)
            {
                _tree.TryFree(range.First, out _, out _);
            }

            // A request that met these claims was refused for what is free again.
            _committed.Transit.Pass();
            throw;
        }
    }

    private bool TryFindInUse(ulong pfn, out IovaRange range)
    {
        range = default;
        if (pfn < _startPfn || pfn > LastPfn || !_tree.TryFind(pfn, out ulong first, out ulong last))
        {
            return false;
        }

        range = new IovaRange(first, last);
        return true;
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
