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
        using var inside = new IovaOperation(_engine);
        ulong last = Math.Min(limitPfn, LastPfn);
        int order = sizeAligned ? IovaCaches.OrderOf(size - 1) : 0;
        if (_space.Fits(size, last) && _ranges.TryTake(size, order, last, out ulong first))
        {
            range = new IovaRange(first, first + size - 1);
            return true;
        }

        _caches.TellExhausted(size);
        range = default;
        return false;
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
        using var inside = new IovaOperation(_engine);
        return _ranges.Free(range);
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
        using var inside = new IovaOperation(_engine);
        return _ranges.TryFind(pfn, out IovaRange range) && _ranges.FreeAllocated(range);
    }

    /// <summary>Finds the range in use that holds a pfn (<c>find_iova</c>): an allocation, a cached range or a reserved piece.</summary>
    /// <param name="pfn">Any pfn.</param>
    /// <param name="range">The range, in full.</param>
    /// <returns>False when the pfn is free, or outside the domain.</returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public bool TryFind(ulong pfn, out IovaRange range)
    {
        using var inside = new IovaOperation(_engine);
        return _ranges.TryFind(pfn, out range);
    }

    /// <summary>Finds the lowest range in use that ends at or above a pfn: the step of a walk that allocates nothing.</summary>
    /// <param name="fromPfn">Any pfn.</param>
    /// <param name="range">The range, in full; cached ranges and reserved pieces count as in use.</param>
    /// <returns>False when there is none.</returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public bool TryFindNext(ulong fromPfn, out IovaRange range)
    {
        using var inside = new IovaOperation(_engine);
        return _ranges.TryFindNext(Math.Max(fromPfn, _startPfn), LastPfn, out range);
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
        using var inside = new IovaOperation(_engine);
        ulong start = Math.Max(firstPfn, _startPfn);
        return start <= lastPfn ? _ranges.Reserve(start, lastPfn) : new IovaReservation([], []);
    }
}
