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
        using var inside = new IovaOperation(_engine);
        long before = _caches.CountCached();
        _caches.Flush();
        return Math.Max(0, before - _caches.CountCached());
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
        using var inside = new IovaOperation(_engine);
        _caches.Flush();
        long bytes = _engine.Trim();
        _engine.TellTrimmed(bytes);
        return bytes;
    }

    /// <summary>Reads the books. Allocates nothing and stops nobody.</summary>
    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public IovaStatistics GetStatistics()
    {
        using Guest inside = _engine.AsGuest();
        return _books.Read(out _);
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
            CachedRanges = _caches.CountCached(order),
            DepotMagazines = _engine.DepotCount(upper) + _engine.DepotCount(IovaSource.LowerOf(upper)),
        };
    }
}
