using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>What a reclaim pass does: brings home dead and sleeping threads' caches, and full magazines that nobody needed.</summary>
/// <param name="engine">Whose.</param>
/// <param name="depots">Full magazines, by code.</param>
/// <param name="store">Where magazines go.</param>
/// <param name="capacities">Of a magazine, by code; 0: the code has none.</param>
/// <param name="options">Policy and threshold.</param>
/// <typeparam name="TSource">The source of the engine.</typeparam>
internal sealed unsafe class Reclaimer<TSource>(MagazineEngine<TSource> engine, Depot[] depots, MagazineStore store, int[] capacities, EngineOptions options)
    where TSource : struct, IMagazineSource
{
    private readonly SleepingCaches<TSource> _sleepers = new(engine, store, capacities, options.Committed.Transit);
    private int _insidePass;
    private long _reclaimed;

    /// <summary>Full magazines returned to the source so far.</summary>
    public long Reclaimed => Atomic.Load(ref _reclaimed);

    public bool IsInPass => Atomic.Load(ref _insidePass) != 0;

    /// <summary><see cref="MagazineEngine{TSource}.Tick"/> as a part of an owner's pass, who tells of it.</summary>
    /// <param name="magazines">Full magazines returned to the source.</param>
    public ReclaimOutlook PassQuietly(out long magazines)
    {
        magazines = 0;
        if (Atomic.CompareExchange(ref _insidePass, 1, 0) != 0)
        {
            return ReclaimOutlook.Pending;
        }

        try
        {
            bool watching = engine.ReapDeadThreads() > 0;

            // The kernel's policy knows depots only.
            bool pending = options.Policy != ReclaimPolicy.Flat && _sleepers.Empty(atOnce: false);
            for (int code = 1; code < capacities.Length; code++)
            {
                pending |= capacities[code] != 0 && ReclaimDepot(code, ref magazines);
            }

            return pending ? ReclaimOutlook.Pending : watching ? ReclaimOutlook.Watching : ReclaimOutlook.Nothing;
        }
        finally
        {
            Atomic.Store(ref _insidePass, 0);
        }
    }

    /// <summary><see cref="MagazineEngine{TSource}.Trim"/> as a part of an owner's, who tells of it.</summary>
    /// <param name="magazines">Full magazines returned to the source.</param>
    public long TrimQuietly(out long magazines)
    {
        engine.ReapDeadThreads();
        _sleepers.Empty(atOnce: true);
        magazines = DrainDepots(reclaimed: true);
        return store.Trim();
    }

    /// <summary>Returns all full magazines to the source.</summary>
    /// <param name="reclaimed">Count them.</param>
    /// <returns>How many.</returns>
    public long DrainDepots(bool reclaimed)
    {
        long magazines = 0;
        for (int code = 1; code < capacities.Length; code++)
        {
            while (capacities[code] != 0 && ReclaimOne(code))
            {
                magazines++;
                if (!reclaimed)
                {
                    Atomic.Add(ref _reclaimed, -1);
                }
            }
        }

        return magazines;
    }

    private bool ReclaimDepot(int code, ref long magazines)
    {
        ref Depot depot = ref depots[code];
        // The kernel has no magazines of one block: a threshold in magazines would keep large blocks for ever.
        if (options.Policy == ReclaimPolicy.Flat && capacities[code] > 1)
        {
            // iova_depot_work_func: above the threshold one magazine goes, and the work is armed again.
            if (depot.Count <= options.Threshold || !ReclaimOne(code))
            {
                return false;
            }

            magazines++;
            return depot.Count > options.Threshold;
        }

        for (int unused = depot.EndInterval(); unused > 0 && ReclaimOne(code); unused--)
        {
            magazines++;
        }

        return depot.Count > 0;
    }

    private bool ReclaimOne(int code)
    {
        if (depots[code].Count == 0)
        {
            return false;
        }

        options.Committed.Transit.Begin();
        try
        {
            return ReclaimOneInTransit(code);
        }
        finally
        {
            options.Committed.Transit.End();
        }
    }

    private bool ReclaimOneInTransit(int code)
    {
        if (!depots[code].TryPop(store.Links, out uint index))
        {
            return false;
        }

        int capacity = capacities[code];
        engine.Unweigh(code);
        Atomic.Increment(ref _reclaimed);
        byte* magazine = store.AddressOf(index);
        try
        {
            engine.Release(code, Magazine.Bottom(magazine, capacity) + 1, capacity);
        }
        finally
        {
            store.Give(index);
        }

        return true;
    }
}
