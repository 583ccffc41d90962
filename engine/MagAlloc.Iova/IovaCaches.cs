using System.Numerics;
using MagAlloc.Concurrency;
using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <summary>What the calls with magazines do when those do not suffice: depots, the tree, and flushes.</summary>
internal sealed unsafe class IovaCaches(
    IovaEngine<IovaSource> engine, IovaRanges ranges, IovaSpace space, int cachedOrders, Transit transit)
{
    // One, as in the kernel, as long as nothing is cached behind it: what is, others freed or took meanwhile.
    private const int FlushRounds = 5;

    private PaddedLong _flushes;

    /// <summary>Requests that flushed.</summary>
    public long Flushes => Atomic.Load(ref _flushes.Value);

    public static int OrderOf(ulong sizeMinusOne) => 64 - BitOperations.LeadingZeroCount(sizeMinusOne);

    /// <returns>A resource, or 0 when none is free.</returns>
    public nuint Allocate(ulong size, ulong limitPfn, bool flush)
    {
        if (TryAllocate(size, limitPfn, flush, out ulong pfn))
        {
            return IovaSource.Encode(pfn);
        }

        TellExhausted(size);
        return 0;
    }

    /// <summary>No such range is free.</summary>
    public void TellExhausted(ulong size) => engine.TellOutOfMemory(space.ToBytes((long)Math.Min(size, long.MaxValue)));

    public void Free(ulong pfn, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        using var inside = new IovaOperation(engine);
        int order = OrderOf(size - 1);
        int code = IovaSource.UpperCode(order);
        code = pfn < space.UpperStart ? IovaSource.LowerOf(code) : code;
        if (!space.Contains(pfn, pfn + (size - 1)))
        {
            ranges.Refuse(IovaMisuseKind.NotAllocated, pfn, size);
        }
        else if (order >= cachedOrders || (pfn & MaskOf(order)) != 0 || !ranges.TryMarkFreed(pfn, order))
        {
            ranges.FreeOrRefuse(pfn, size);
        }
        else if (inside.Cache != null)
        {
            engine.Spill(inside.Cache, code, IovaSource.Encode(pfn));
        }
        else
        {
            engine.ReleaseOne(code, IovaSource.Encode(pfn));
        }
    }

    /// <summary>Empties all magazines there are into the tree.</summary>
    public void Flush()
    {
        // It reads other threads' caches, which a disposal may free: hence inside.
        using Guest inside = engine.AsGuest();
        engine.FlushEverything();
    }

    /// <summary>Ranges in magazines, of all orders.</summary>
    public long CountCached()
    {
        long count = 0;
        for (int order = 0; order < cachedOrders; order++)
        {
            count += CountCached(order);
        }

        return count;
    }

    public long CountCached(int order)
    {
        int upper = IovaSource.UpperCode(order);
        return engine.CountCached(upper) + engine.CountCached(IovaSource.LowerOf(upper));
    }

    private static ulong MaskOf(int order) => ~(ulong.MaxValue << order);

    private bool TryAllocate(ulong size, ulong limitPfn, bool flush, out ulong pfn)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        using var inside = new IovaOperation(engine);
        pfn = 0;
        ulong last = Math.Min(limitPfn, space.Last);
        int order = OrderOf(size - 1);
        ulong units = order < cachedOrders ? 1UL << order : size;

        // Nothing that could be flushed would make what is too large fit.
        return space.Fits(units, last)
            && (TryTake(inside.Cache, order, units, last, out pfn)
                || (flush && TryAfterFlush(inside.Cache, order, units, last, out pfn)));
    }

    private bool TryAfterFlush(ThreadCache* cache, int order, ulong units, ulong last, out ulong pfn)
    {
        Atomic.Increment(ref _flushes.Value);
        engine.BeginPressure();
        try
        {
            var look = new SecondLook(transit);
            for (int round = 0; round < FlushRounds; round++)
            {
                Flush();
                look.Begin();
                if (TryTake(cache, order, units, last, out pfn))
                {
                    return true;
                }

                // Nor is anything on its way home: out of a depot, it counts as cached no more.
                if (CountCached() == 0 && !look.IsWorthwhile())
                {
                    break;
                }
            }

            pfn = 0;
            return false;
        }
        finally
        {
            engine.EndPressure();
        }
    }

    private bool TryTake(ThreadCache* cache, int order, ulong units, ulong last, out ulong pfn)
    {
        if (order < cachedOrders)
        {
            return TryTakeCached(cache, order, last, out pfn);
        }

        if (cache != null)
        {
            cache->Uncached++;
        }

        return ranges.TryTake(units, order, last, out pfn);
    }

    private bool TryTakeCached(ThreadCache* cache, int order, ulong last, out ulong pfn)
    {
        int upper = IovaSource.UpperCode(order);
        int lower = IovaSource.LowerOf(upper);
        nuint highest = IovaSource.Encode(last - MaskOf(order));
        bool isLow = last < space.UpperStart;
        do
        {
            // The class that the limit points at; then the other one, for what lies in its magazines: all that is free may be there.
            nuint resource = isLow
                ? Take(cache, lower, last == space.UpperStart - 1 ? nuint.MaxValue : highest)
                : Take(cache, upper, last == space.Last ? nuint.MaxValue : highest);
            if (resource == 0 && space.HasLower)
            {
                resource = isLow ? Take(cache, upper, highest) : Take(cache, lower, nuint.MaxValue);
            }

            if (resource == 0)
            {
                pfn = 0;
                return false;
            }

            pfn = IovaSource.Decode(resource);
        }
        while (!ranges.TryHandOut(pfn, 1UL << order));

        return true;
    }

    private nuint Take(ThreadCache* cache, int code, nuint highest)
        => cache != null ? engine.RefillBelow(cache, code, highest) : engine.AcquireOneBelow(code, highest);
}
