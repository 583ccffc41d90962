using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Iova;
using MagAlloc.Magazines;

namespace MagAlloc;

/// <content>Allocation and free through the thread's magazines.</content>
/// <remarks>
/// The two methods below are the fast path: one read of a thread static, no atomic operation. Each looks at the cache's engine
/// number before its step and behind it; the second look is the owner's half of a flush by another thread, the proof is with
/// <see cref="MagazineEngine{TSource}.Visit"/>.
/// </remarks>
public sealed unsafe partial class IovaDomain
{
    private const ulong LargestCached = 1UL << (IovaDomainOptions.MostCachedOrders - 1);
    private const int Bits = 64;

    // One, as in the kernel, as long as nothing is cached behind it: what is, others freed or took meanwhile.
    private const int FlushRounds = 5;

    /// <summary>Allocates a range of a cached size from this thread's magazine (<c>alloc_iova_fast</c>).</summary>
    /// <param name="size">
    /// Granules, at least 1. Below the largest cached size it is rounded up to a power of two; the limit applies to the rounded
    /// range. Above, the range is aligned to the size rounded up to a power of two, and comes from the tree.
    /// </param>
    /// <param name="limitPfn">The highest pfn that the range may have; above <see cref="LastPfn"/> means it.</param>
    /// <param name="flushRcache">
    /// True: before it fails, the call brings home what all threads and depots have cached, and tries once more; and again, a few
    /// times at most, where others have cached something meanwhile.
    /// </param>
    /// <param name="pfn">The first pfn of the range; a multiple of the size rounded up to a power of two. May be 0.</param>
    /// <returns>
    /// False when no such range is free. With <paramref name="flushRcache"/> that is exact: ranges that another thread is in the middle of
    /// allocating, freeing or flushing at that moment count as in use, and no others but those in use.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is 0.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <remarks>
    /// A magazine whose top does not fit the limit is searched, then the thread's other one, then a few of the depot's, then the
    /// tree. The kernel looks through one magazine only.
    /// </remarks>
    public bool TryAllocateFast(ulong size, ulong limitPfn, bool flushRcache, out ulong pfn)
    {
        nuint resource = Pop(size, limitPfn);
        if (resource == 0 && (resource = AllocateFastSlow(size, limitPfn, flushRcache)) == 0)
        {
            pfn = 0;
            return false;
        }

        pfn = IovaSource.Decode(resource);
        return true;
    }

    /// <summary>As <see cref="TryAllocateFast"/>, but throws when nothing is free.</summary>
    /// <param name="size">Granules, at least 1.</param>
    /// <param name="limitPfn">The highest pfn that the range may have; above <see cref="LastPfn"/> means it.</param>
    /// <param name="flushRcache">Whether to flush all caches before failing.</param>
    /// <returns>The first pfn of the range.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is 0.</exception>
    /// <exception cref="IovaExhaustedException">No such range is free.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public ulong AllocateFast(ulong size, ulong limitPfn, bool flushRcache = true)
    {
        nuint resource = Pop(size, limitPfn);
        if (resource == 0 && (resource = AllocateFastSlow(size, limitPfn, flushRcache)) == 0)
        {
            ThrowExhausted(size, limitPfn);
        }

        return IovaSource.Decode(resource);
    }

    /// <summary>Frees a range of <see cref="AllocateFast"/> into this thread's magazine (<c>free_iova_fast</c>).</summary>
    /// <param name="pfn">The first pfn of the range.</param>
    /// <param name="size">
    /// The size that it was allocated with, in granules: any that rounds up to the same power of two, where that is cached.
    /// </param>
    /// <exception cref="IovaMisuseException">
    /// With <see cref="CheckLevel.Basic"/>: no such range is allocated there, by size and place, or it is free already.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is 0.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    /// <remarks>
    /// Without checks a cached free is trusted. A range freed twice may then be handed out twice; it is counted, and reported by
    /// <see cref="MisuseDetected"/>, when the tree gets it back. What is not cached goes to the tree at once, which refuses what is
    /// wrong: nothing changes, and the misuse is counted and reported. A range of <see cref="Allocate"/> may be freed here if its size is a
    /// power of two and it is aligned to that; otherwise use <see cref="Free(IovaRange)"/>.
    /// </remarks>
    public void FreeFast(ulong pfn, ulong size)
    {
        // Size 0 wraps round and takes the slow path with the large ones.
        ulong last = size - 1;
        ThreadCache* cache = CacheSlot<IovaSource>.t_last;
        if (last < LargestCached && cache != null && cache->EngineId == _fastId && pfn - _startPfn <= _span)
        {
            int order = OrderOf(last);

            // A misaligned range would come out of the magazine as an aligned one: it goes to the tree, which knows its extent.
            if ((pfn & MaskOf(order)) == 0
                && ThreadCache.TryPushVisited(cache, IovaSource.CodeOf(order), IovaSource.Encode(pfn), out nuint* top))
            {
                if (Atomic.Load(ref cache->EngineId) != _fastId)
                {
                    SettleFree(cache, order, top, pfn, size);
                }

                return;
            }
        }

        FreeFastSlow(pfn, size);
    }

    /// <returns>A resource, or 0 when there is more to do.</returns>
    /// <remarks>
    /// Values are returned, not passed by reference, and whatever calls on the way ends there: a local that lives across a call, or whose
    /// address is taken, would go through memory on the fast path too.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nuint Pop(ulong size, ulong limitPfn)
    {
        ulong last = size - 1;
        ThreadCache* cache = CacheSlot<IovaSource>.t_last;
        if (last < LargestCached && cache != null && cache->EngineId == _fastId)
        {
            int order = OrderOf(last);
            if (ThreadCache.TryPopVisited(cache, IovaSource.CodeOf(order), MaskOf(order), limitPfn, out nuint resource, out nuint* top))
            {
                return Atomic.Load(ref cache->EngineId) == _fastId ? resource : SettlePop(cache, order, top, resource);
            }
        }

        return 0;
    }

    /// <summary>The end of a pop that met a visit.</summary>
    /// <returns>The resource, or 0 when it is the visitor's.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private nuint SettlePop(ThreadCache* cache, int order, nuint* top, nuint resource)
        => _engine.Settle(cache, IovaSource.CodeOf(order), onPrevious: false, top) ? resource : 0;

    /// <summary>The end of a free that met a visit.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SettleFree(ThreadCache* cache, int order, nuint* top, ulong pfn, ulong size)
    {
        if (!_engine.Settle(cache, IovaSource.CodeOf(order), onPrevious: true, top))
        {
            FreeFastSlow(pfn, size);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OrderOf(ulong sizeMinusOne) => Bits - BitOperations.LeadingZeroCount(sizeMinusOne);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MaskOf(int order) => ~(ulong.MaxValue << order);

    /// <returns>A resource, or 0 when none is free.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private nuint AllocateFastSlow(ulong size, ulong limitPfn, bool flush)
    {
        ulong last = size - 1;
        ThreadCache* cache = CacheSlot<IovaSource>.t_last;
        if (last < LargestCached && cache != null && cache->EngineId == _fastId)
        {
            int order = OrderOf(last);
            nuint resource = _engine.SwapAndPopVisited(cache, IovaSource.CodeOf(order), MaskOf(order), limitPfn);
            if (resource != 0)
            {
                return resource;
            }
        }

        return TryAllocateFastSlow(size, limitPfn, flush, out ulong pfn) ? IovaSource.Encode(pfn) : TellExhausted(size);
    }

    private bool TryAllocateFastSlow(ulong size, ulong limitPfn, bool flush, out ulong pfn)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ThreadCache* cache = Protect();
        try
        {
            pfn = 0;
            ulong last = Math.Min(limitPfn, LastPfn);
            int order = OrderOf(size - 1);
            bool cached = order < _options.CachedOrders;
            ulong units = cached ? 1UL << order : size;

            // Before any sum that could wrap: nothing that could be flushed would make it fit.
            if (last < _startPfn || units - 1 > last - _startPfn)
            {
                return false;
            }

            if (cached ? TryTakeCached(cache, order, last, out pfn) : TryTakeUncached(cache, order, units, last, out pfn))
            {
                return true;
            }

            if (!flush)
            {
                return false;
            }

            return TryAfterFlush(cache, cached, order, units, last, out pfn);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    private bool TryAfterFlush(ThreadCache* cache, bool cached, int order, ulong units, ulong last, out ulong pfn)
    {
        Atomic.Increment(ref _flushes.Value);
        _engine.BeginPressure();
        try
        {
            for (int round = 0; round < FlushRounds; round++)
            {
                FlushAll();
                if (cached ? TryTakeCached(cache, order, last, out pfn) : TryTakeUncached(cache, order, units, last, out pfn))
                {
                    return true;
                }

                if (CountCached() == 0)
                {
                    break;
                }
            }

            pfn = 0;
            return false;
        }
        finally
        {
            _engine.EndPressure();
        }
    }

    private bool TryTakeCached(ThreadCache* cache, int order, ulong last, out ulong pfn)
    {
        int code = IovaSource.CodeOf(order);
        nuint highest = last == LastPfn ? nuint.MaxValue : IovaSource.Encode(last - MaskOf(order));
        nuint resource;
        do
        {
            resource = cache != null ? _engine.RefillBelow(cache, code, highest) : _engine.AcquireOneBelow(code, highest);
            pfn = IovaSource.Decode(resource);
        }
        while (resource != 0 && _marks && !TryHandOut(pfn, order));

        if (resource != 0)
        {
            return true;
        }

        pfn = 0;
        return false;
    }

    /// <summary>Ends the mark of a range that lay in a magazine.</summary>
    /// <returns>False when somebody freed the range to the tree in the middle of a free into the magazine; it is left alone.</returns>
    private bool TryHandOut(ulong pfn, int order)
    {
        bool isOurs = _tree.TryUnmark(pfn);
        if (!isOurs)
        {
            _misuses.Report(IovaMisuseKind.DoubleFree, pfn, 1UL << order);
        }

        return isOurs;
    }

    private bool TryTakeUncached(ThreadCache* cache, int order, ulong units, ulong last, out ulong pfn)
    {
        if (cache != null)
        {
            cache->Uncached++;
        }

        if (FaultPlan.Fails(_options.Faults, FaultPoint.RangeClaim))
        {
            pfn = 0;
            return false;
        }

        return _tree.TryAllocate(units, order, last, out pfn);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FreeFastSlow(ulong pfn, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ThreadCache* cache = Protect();
        try
        {
            int order = OrderOf(size - 1);
            int code = IovaSource.CodeOf(order);
            if (pfn < _startPfn || pfn > LastPfn || size - 1 > LastPfn - pfn)
            {
                Refuse(IovaMisuseKind.NotAllocated, pfn, size);
            }
            else if (order >= _options.CachedOrders || (pfn & MaskOf(order)) != 0 || (_marks && !TryMarkFreed(pfn, order)))
            {
                FreeExactly(pfn, size);
            }
            else if (cache != null)
            {
                _engine.Spill(cache, code, IovaSource.Encode(pfn));
            }
            else
            {
                _engine.ReleaseOne(code, IovaSource.Encode(pfn));
            }
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <returns>False when this is not an allocated range of exactly that order; the reason is looked for elsewhere.</returns>
    private bool TryMarkFreed(ulong pfn, int order)
        => !_reserved.TryFind(new IovaRange(pfn, pfn), out _) && _tree.TryMark(pfn, order);

    /// <summary>A free by place and size that does not go into a magazine.</summary>
    private void FreeExactly(ulong pfn, ulong size)
    {
        if (!TryClassify(pfn, size, out IovaRange range, out IovaMisuseKind wrong) || !FreeInTree(range))
        {
            Refuse(wrong, pfn, size);
        }
    }

    /// <returns>False when the range must not be freed; then <paramref name="wrong"/> says why.</returns>
    private bool TryClassify(ulong pfn, ulong size, out IovaRange range, out IovaMisuseKind wrong)
    {
        wrong = IovaMisuseKind.NotAllocated;
        range = default;
        if (!_tree.TryFind(pfn, out ulong first, out ulong last))
        {
            return false;
        }

        range = new IovaRange(first, last);
        if (_reserved.TryFind(range, out _))
        {
            wrong = IovaMisuseKind.Reserved;
        }
        else if (first != pfn)
        {
            wrong = IovaMisuseKind.NotFirst;
        }
        else if (_marks && _tree.IsMarked(first))
        {
            wrong = IovaMisuseKind.DoubleFree;
        }
        else if (range.Count != size)
        {
            wrong = IovaMisuseKind.WrongSize;
        }
        else
        {
            return true;
        }

        return false;
    }

    /// <summary>Counts and reports a misuse; throws where checks are on.</summary>
    private void Refuse(IovaMisuseKind kind, ulong pfn, ulong size)
    {
        IovaMisuseReport report = _misuses.Report(kind, pfn, size);
        if (_marks)
        {
            throw new IovaMisuseException(report);
        }
    }

    [DoesNotReturn]
    private void ThrowExhausted(ulong size, ulong limitPfn) => throw new IovaExhaustedException(Name, size, limitPfn);
}
