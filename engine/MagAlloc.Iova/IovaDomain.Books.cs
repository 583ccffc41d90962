using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <content>Reclaim, flush, and the books.</content>
public sealed unsafe partial class IovaDomain
{
    /// <summary>
    /// Brings home everything that is cached: this thread's magazines, those of all other threads (in the middle of an operation
    /// excepted), of ended ones, and the depots (<c>free_cpu_cached_iovas</c> for each CPU, <c>free_global_cached_iovas</c>).
    /// </summary>
    /// <returns>Ranges that are free now and were cached before.</returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public long Flush()
    {
        ThreadCache* cache = Protect();
        try
        {
            long before = CountCached();
            FlushAll();
            return Math.Max(0, before - CountCached());
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>
    /// One reclaim pass: what the worker does every interval (<c>iova_depot_work_func</c>). A second one at the same time
    /// returns at once.
    /// </summary>
    /// <returns>Whether another pass would find something to do.</returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public bool Tick()
    {
        using Guest inside = _engine.AsGuest();
        return _engine.Tick() == ReclaimOutlook.Pending;
    }

    /// <summary>As <see cref="Flush"/>; magazines that nobody uses then go back to the operating system.</summary>
    /// <returns>Bytes given back to the operating system.</returns>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public long Trim()
    {
        ThreadCache* cache = Protect();
        try
        {
            FlushAll();
            long bytes = _engine.Trim();
            _engine.TellTrimmed(bytes);
            return bytes;
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>Reads the books. Allocates nothing and stops nobody.</summary>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public IovaStatistics GetStatistics()
    {
        using Guest inside = _engine.AsGuest();
        return ReadStatistics(out _);
    }

    /// <summary>Reads the books of one order's caches.</summary>
    /// <param name="order">0 (one pfn) to <see cref="IovaDomainOptions.CachedOrders"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order is not cached.</exception>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public IovaOrderStatistics GetOrderStatistics(int order)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(order);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(order, _options.CachedOrders);
        using Guest inside = _engine.AsGuest();
        int upper = IovaSource.UpperCode(order);
        return new IovaOrderStatistics
        {
            Size = 1L << order,
            CachedRanges = CountCached(order),
            DepotMagazines = _engine.DepotCount(upper) + _engine.DepotCount(IovaSource.LowerOf(upper)),
        };
    }

    /// <summary>The caller is inside.</summary>
    private IovaStatistics ReadStatistics(out Ledger ledger)
    {
        ledger = default;
        _engine.Read(ref ledger);
        _committed.Read(ref ledger);
        ledger.OutOfMemoryFlushes = Atomic.Load(ref _flushes.Value);
        ledger.ReservedBytes += (long)_tree.ReservedBytes;
        ledger.Misuses = _misuses.Count;
        long cachedRanges = 0;
        long cachedUnits = 0;
        for (int order = 0; order < _options.CachedOrders; order++)
        {
            long count = CountCached(order);
            cachedRanges += count;
            cachedUnits += count << order;
        }

        // The range below the start is the tree's own.
        long used = _tree.UsedUnits - (long)_startPfn;
        long ranges = _tree.Ranges - (_startPfn != 0 ? 1 : 0);
        long reservedUnits = (long)_reserved.Units;
        int reservedRanges = _reserved.Count;
        return new IovaStatistics(ledger)
        {
            TotalUnits = (long)_span + 1,
            AllocatedUnits = used - cachedUnits - reservedUnits,
            AllocatedRanges = ranges - cachedRanges - reservedRanges,
            CachedUnits = cachedUnits,
            CachedRanges = cachedRanges,
            ReservedUnits = reservedUnits,
            ReservedRanges = reservedRanges,
            FreeUnits = (long)_span + 1 - used,
            SearchSteps = _tree.SearchSteps,
        };
    }

    /// <summary>Empties all magazines there are into the tree.</summary>
    private void FlushAll()
    {
        // It reads other threads' caches, which a disposal may free: hence inside.
        using Guest inside = _engine.AsGuest();
        _engine.FlushEverything();
    }

    private long CountCached()
    {
        long count = 0;
        for (int order = 0; order < _options.CachedOrders; order++)
        {
            count += CountCached(order);
        }

        return count;
    }

    private long CountCached(int order)
    {
        int upper = IovaSource.UpperCode(order);
        return _engine.CountCached(upper) + _engine.CountCached(IovaSource.LowerOf(upper));
    }
}
