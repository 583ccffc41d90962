using System.Numerics;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <content>Allocation and free through the thread's magazines: the fast path, and the next one out of line.</content>
/// <remarks>
/// <para>The public methods are the fast path: one read of a thread static, no atomic operation. Each looks at the cache's engine number
/// before its step and behind it; the second look is the owner's half of a flush by another thread, the proof is with
/// <see cref="IovaEngine{TSource}.Visit"/>.</para>
/// <para><b>Two classes an order.</b> What lies below 4 GiB has magazines of its own (<see cref="IovaSource"/>): a request with a low
/// limit finds there what it may have, and does not look through what it may not. The fast path knows the others only, and
/// pays nothing for the choice: a free compares the pfn with the bounds of the space anyway, here those of its upper part, and
/// an allocation compares the top of the magazine with its limit anyway. What fails goes on in <c>AllocateNext</c> and <c>FreeNext</c>.</para>
/// </remarks>
public sealed unsafe partial class IovaDomain
{
    private const ulong LargestCached = 1UL << (IovaDomainOptions.MostCachedOrders - 1);

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
        if (TryPop(size, limitPfn, out ulong first, out nuint* unsettled))
        {
            pfn = first;
            return true;
        }

        nuint resource = AllocateNext(size, limitPfn, flushRcache, unsettled, first);
        pfn = resource != 0 ? IovaSource.Decode(resource) : 0;
        return resource != 0;
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
        if (TryPop(size, limitPfn, out ulong pfn, out nuint* unsettled))
        {
            return pfn;
        }

        nuint resource = AllocateNext(size, limitPfn, flushRcache, unsettled, pfn);
        if (resource == 0)
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
        // Read once, and before anything else: the later looks compare with a register.
        long id = _fastId;

        // Size 0 wraps round and takes the slow path with the large ones.
        ulong last = size - 1;
        ThreadCache* cache = CacheSlot<IovaSource>.t_last;
        if (last < LargestCached && cache != null && cache->EngineId == id && pfn - _upperStart <= _upperSpan)
        {
            uint zeros = ZerosOf(last);

            // A misaligned range would come out of the magazine as an aligned one: it goes to the tree, which knows its extent.
            if ((pfn & MaskOf(zeros)) == 0
                && VisitedEntry.TryPush(IovaSource.UpperEntry(cache, zeros), IovaSource.Encode(pfn), out nuint* top))
            {
                if (Atomic.Load(ref cache->EngineId) != id)
                {
                    SettleFree(cache, IovaSource.UpperCode(zeros), top, pfn, size);
                }

                return;
            }
        }

        FreeNext(pfn, size);
    }

    /// <summary>Pops from the magazine of the upper class.</summary>
    /// <param name="size">Granules.</param>
    /// <param name="limitPfn">The highest pfn that the range may have.</param>
    /// <param name="pfn">What was popped, if anything was.</param>
    /// <param name="unsettled">The top behind the step, if a visit met it.</param>
    /// <returns>False when there is more to do.</returns>
    /// <remarks>
    /// Whatever is called from here on gets and returns values: a local whose address is taken would go through memory on the fast path
    /// too, and its caller would wait for the store (2.5 against 2.3 ns a pair).
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPop(ulong size, ulong limitPfn, out ulong pfn, out nuint* unsettled)
    {
        long id = _fastId;
        ulong last = size - 1;
        ThreadCache* cache = CacheSlot<IovaSource>.t_last;
        if (last < LargestCached && cache != null && cache->EngineId == id)
        {
            uint zeros = ZerosOf(last);
            if (VisitedEntry.TryPop(IovaSource.UpperEntry(cache, zeros), MaskOf(zeros), limitPfn, out nuint first, out nuint* top))
            {
                pfn = first;
                if (Atomic.Load(ref cache->EngineId) == id)
                {
                    unsettled = null;
                    return true;
                }

                unsettled = top;
                return false;
            }
        }

        pfn = 0;
        unsettled = null;
        return false;
    }

    /// <summary>Allocation when the top of the upper class's magazine does not fit: out of the lower class, or by a swap of magazines.</summary>
    /// <returns>A resource, or 0 when none is free.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private nuint AllocateNext(ulong size, ulong limitPfn, bool flush, nuint* unsettled, ulong popped)
    {
        ulong last = size - 1;
        ThreadCache* cache = CacheSlot<IovaSource>.t_last;
        if (unsettled != null && _engine.Settle(cache, IovaSource.UpperCode(ZerosOf(last)), onPrevious: false, unsettled))
        {
            return IovaSource.Encode(popped);
        }

        if (last < LargestCached && cache != null && cache->EngineId == _fastId)
        {
            uint zeros = ZerosOf(last);
            int code = IovaSource.UpperCode(zeros);
            if (limitPfn < _upperStart)
            {
                code = IovaSource.LowerOf(code);
                if (VisitedEntry.TryPop(ThreadCache.Entry(cache, code), MaskOf(zeros), limitPfn, out nuint first, out nuint* top))
                {
                    if (Atomic.Load(ref cache->EngineId) == _fastId || _engine.Settle(cache, code, onPrevious: false, top))
                    {
                        return IovaSource.Encode(first);
                    }
                }
            }

            nuint resource = _engine.SwapAndPopVisited(cache, code, MaskOf(zeros), limitPfn);
            if (resource != 0)
            {
                return resource;
            }
        }

        return _caches.Allocate(size, limitPfn, flush);
    }

    /// <summary>Free when the pfn does not lie in the upper part of the space, or the magazine is full.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FreeNext(ulong pfn, ulong size)
    {
        ulong last = size - 1;
        ThreadCache* cache = CacheSlot<IovaSource>.t_last;

        // Below the start of the upper part, and not below that of the space: where there is no lower part, nothing is.
        if (last < LargestCached && cache != null && cache->EngineId == _fastId && pfn < _upperStart && pfn >= _startPfn)
        {
            uint zeros = ZerosOf(last);
            int code = IovaSource.LowerOf(IovaSource.UpperCode(zeros));
            if ((pfn & MaskOf(zeros)) == 0
                && VisitedEntry.TryPush(ThreadCache.Entry(cache, code), IovaSource.Encode(pfn), out nuint* top))
            {
                if (Atomic.Load(ref cache->EngineId) != _fastId)
                {
                    SettleFree(cache, code, top, pfn, size);
                }

                return;
            }
        }

        _caches.Free(pfn, size);
    }

    /// <summary>The end of a free that met a visit.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SettleFree(ThreadCache* cache, int code, nuint* top, ulong pfn, ulong size)
    {
        if (!_engine.Settle(cache, code, onPrevious: true, top))
        {
            _caches.Free(pfn, size);
        }
    }

    /// <summary>The size of a cached request, less one, as its leading zeros in 32 bits: 32 less the order.</summary>
    /// <remarks>Not turned into the order: codes descend as sizes grow, and the mask is a shift to the right, by this number.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ZerosOf(ulong last) => (uint)BitOperations.LeadingZeroCount((uint)last);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MaskOf(uint zeros) => (ulong)uint.MaxValue >> (int)zeros;
}
