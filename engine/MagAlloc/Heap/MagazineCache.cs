using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;

namespace MagAlloc;

/// <summary>Magazines for arbitrary 64-bit resources with a source of the user's own.</summary>
/// <remarks>
/// <para>Each thread keeps up to two magazines; whole magazines travel between threads through a lock-free depot. Allocation
/// and free take no lock and allocate no managed memory, the source's own work excepted.</para>
/// <para>All members may be called from any thread. <see cref="Dispose"/> waits for operations under way on other threads
/// and then brings every cached resource back.</para>
/// </remarks>
/// <typeparam name="TSource">A struct, so that its calls are direct.</typeparam>
public sealed unsafe partial class MagazineCache<TSource> : IDisposable
    where TSource : struct, IResourceSource
{
    private const int Code = 1;

    // Where address space is short: two a thread, for a program of some threads. What finds none goes past them.
    private const int FewestMagazines = 256;

    private readonly MagazineEngine<ResourceAdapter<TSource>> _engine;
    private readonly CommitCounter _committed;
    private readonly FaultPlan? _faults;
    private readonly string _name;

    /// <summary>Makes a cache over a source.</summary>
    /// <param name="source">Copied.</param>
    /// <param name="options">Null: defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it and the range.</exception>
    /// <exception cref="OutOfMemoryException">Memory or a thread was refused; nothing is left behind.</exception>
    public MagazineCache(TSource source, MagazineCacheOptions? options = null)
    {
        options ??= new MagazineCacheOptions();
        options.Validate();
        _name = options.Name;
        _faults = options.Faults;
        _faults?.Observe(FaultEvents.Tell);
        long id = EngineIds.Next();
        _committed = new CommitCounter(id, long.MaxValue);
        _engine = new MagazineEngine<ResourceAdapter<TSource>>(
            new ResourceAdapter<TSource>(id, source, options.DepotCapacity, options.Faults),
            new EngineOptions(
                options.Name,
                [new MagazineClass(options.MagazineCapacity, Weight: 1, LargestBatch: options.MagazineCapacity)],
                ExtraCodes: 0,
                MagazineCapacity: options.DepotCapacity + (64 * 1024),
                _committed,
                options.Reclaim.Policy,
                options.Reclaim.DepotThreshold,
                options.Faults,
                id,
                FewestMagazines));
        try
        {
            if (options.Reclaim.Worker)
            {
                _engine.StartWorker(options.Reclaim.Interval, _engine.Tick);
            }

            OwnerRegistry.Instance.Announce(this, _faults);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>Takes a resource from this thread's magazine, the depot or the source.</summary>
    /// <param name="resource">The resource.</param>
    /// <returns>False when none of them has any, even after depot and dead threads' caches went back to the source.</returns>
    /// <exception cref="ObjectDisposedException">The cache is disposed.</exception>
    public bool TryAllocate(out ulong resource)
    {
        nuint stored = Allocate();
        if (stored == 0)
        {
            // As alloc_iova_fast: bring home what is cached, then try once more.
            _engine.RequestFlush();
            BringHome(countAlso: false, out _);
            var look = new SecondLook(_committed.Transit);
            do
            {
                look.Begin();
                stored = Allocate();
            }
            while (stored == 0 && look.IsWorthwhile());

            if (stored == 0)
            {
                _engine.TellOutOfMemory(1);
            }
        }

        resource = ResourceAdapter<TSource>.Decode(stored);
        return stored != 0;
    }

    /// <summary>Gives a resource back. Not checked: it must have come from <see cref="TryAllocate"/>, and only once.</summary>
    /// <param name="resource">The resource.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is <see cref="ulong.MaxValue"/>, which no source may hand out.</exception>
    /// <exception cref="ObjectDisposedException">The cache is disposed.</exception>
    public void Free(ulong resource)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(resource, ulong.MaxValue);
        nuint stored = ResourceAdapter<TSource>.Encode(resource);
        ThreadCache* cache = _engine.Current();
        if (cache == null)
        {
            FreePastMagazines(stored);
            return;
        }

        Begin(cache);
        try
        {
            if (!ThreadCache.TryPush(cache, Code, stored))
            {
                _engine.Spill(cache, Code, stored);
            }
        }
        finally
        {
            End(cache);
        }
    }

    /// <summary>Returns what this thread, threads that have ended and the depot hold to the source.</summary>
    /// <returns>Resources that are with the source now and were cached before.</returns>
    /// <exception cref="ObjectDisposedException">The cache is disposed.</exception>
    public long Flush()
    {
        BringHome(countAlso: true, out long resources);
        return resources;
    }

    /// <summary>As <see cref="Flush"/>; counts the memory of magazines that nobody uses, which goes back to the operating system.</summary>
    /// <returns>Bytes given back to the operating system.</returns>
    /// <exception cref="ObjectDisposedException">The cache is disposed.</exception>
    public long Trim()
    {
        long bytes = BringHome(countAlso: false, out _);
        _engine.TellTrimmed(bytes);
        return bytes;
    }

    /// <returns>Bytes given back to the operating system.</returns>
    private long BringHome(bool countAlso, out long resources)
    {
        ThreadCache* cache = _engine.Current();
        if (cache != null)
        {
            Begin(cache);
        }

        try
        {
            using Guest inside = _engine.AsGuest();
            long before = countAlso ? _engine.CountCached(Code) : 0;
            _engine.FlushCurrent(keepFullInDepot: false);
            long bytes = _engine.Trim();
            resources = countAlso ? Math.Max(0, before - _engine.CountCached(Code)) : 0;
            return bytes;
        }
        finally
        {
            if (cache != null)
            {
                End(cache);
            }
        }
    }

    /// <inheritdoc cref="NativeHeap.Tick"/>
    public bool Tick()
    {
        using Guest inside = _engine.AsGuest();
        return _engine.Tick() == ReclaimOutlook.Pending;
    }

    /// <summary>Reads the books. Stops nobody.</summary>
    /// <exception cref="ObjectDisposedException">The cache is disposed.</exception>
    public MagazineCacheStatistics GetStatistics()
    {
        using Guest inside = _engine.AsGuest();
        return new MagazineCacheStatistics(Read());
    }

    /// <summary>
    /// Brings every cached resource back to the source. Waits for operations under way on other threads; an interrupt stays
    /// pending meanwhile. Calling it again does nothing. What the source throws is thrown on when all is done.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// A method of the source calls it, on whichever thread; or an event listener does.
    /// </exception>
    public void Dispose()
    {
        UserCall.RequireOutside(_engine.Id, $"{_name}: a source must not dispose the cache that is calling it: do it after the call.");
        EventGuard.RequireNotWriting();
        Close();
    }

    private void Close()
    {
        using Uninterrupted.Scope quiet = Uninterrupted.Begin();
        _engine.StopWorker();
        try
        {
            OwnerRegistry.Instance.Withdraw(this, _faults);
        }
        finally
        {
            _committed.Close();
            _engine.Close(discard: null, bequeath: null, drainThreads: true);
        }
    }

    private nuint Allocate()
    {
        ThreadCache* cache = _engine.Current();
        if (cache == null)
        {
            return AllocatePastMagazines();
        }

        Begin(cache);
        try
        {
            return ThreadCache.TryPop(cache, Code, out nuint stored) ? stored : _engine.Refill(cache, Code);
        }
        finally
        {
            End(cache);
        }
    }

    /// <summary>
    /// The light side of the protocol with <see cref="Dispose"/>: write Busy, then read the closed flag. Dispose raises the
    /// flag, has every processor pass a full fence, and only then reads Busy; so either it sees this operation and waits,
    /// or the operation sees the flag.
    /// </summary>
    private void Begin(ThreadCache* cache)
    {
        Atomic.Store(ref cache->Busy, cache->Busy + 1);
        if (_engine.IsClosed)
        {
            End(cache);
            throw new ObjectDisposedException(_name);
        }
    }

    private static void End(ThreadCache* cache) => Atomic.Store(ref cache->Busy, cache->Busy - 1);

    private nuint AllocatePastMagazines()
    {
        using Guest inside = _engine.AsGuest();
        return _engine.AcquireOne(Code);
    }

    private void FreePastMagazines(nuint stored)
    {
        using Guest inside = _engine.AsGuest();
        _engine.ReleaseOne(Code, stored);
    }
}
