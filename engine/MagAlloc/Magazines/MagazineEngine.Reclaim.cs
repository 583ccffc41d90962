using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Magazines;

/// <content>The reclaim pass, its worker, and the books.</content>
internal unsafe partial class MagazineEngine<TSource>
{
    private protected int _insidePass;
    private long _reclaimed;
    private ReclaimWorker? _worker;

    /// <summary>Starts the thread that calls <paramref name="pass"/> every interval while there is work.</summary>
    /// <param name="interval">Time between passes.</param>
    /// <param name="pass">One pass.</param>
    /// <exception cref="OutOfMemoryException">The thread could not be started.</exception>
    public void StartWorker(TimeSpan interval, Func<ReclaimOutlook> pass)
    {
        if (FaultPlan.Fails(_options.Faults, FaultPoint.WorkerStart))
        {
            throw new OutOfMemoryException("The reclaim worker could not be started.");
        }

        _worker = new ReclaimWorker(_options.Name, interval, pass);
    }

    public override void ArmWorker() => _worker?.Arm();

    /// <summary>One reclaim pass over dead threads and depots; a second caller at the same time returns at once.</summary>
    public ReclaimOutlook Tick()
    {
        TellReclaimStart();
        ReclaimOutlook outlook = PassQuietly(out long magazines);
        TellReclaimStop(magazines, 0);
        return outlook;
    }

    /// <summary><see cref="Tick"/> as a part of an owner's pass, who tells of it.</summary>
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
            bool watching = ReapDeadThreads() > 0;
            bool pending = false;
            for (int code = 1; code < _codes; code++)
            {
                pending |= _capacities[code] != 0 && ReclaimDepot(code, ref magazines);
            }

            return pending ? ReclaimOutlook.Pending : watching ? ReclaimOutlook.Watching : ReclaimOutlook.Nothing;
        }
        finally
        {
            Atomic.Store(ref _insidePass, 0);
        }
    }

    /// <summary>Returns everything in depots to the source and unused magazines to the operating system.</summary>
    /// <returns>Bytes given back.</returns>
    public long Trim()
    {
        TellReclaimStart();
        long bytes = TrimQuietly(out long magazines);
        TellReclaimStop(magazines, bytes);
        return bytes;
    }

    /// <summary><see cref="Trim"/> as a part of an owner's, who tells of it.</summary>
    /// <param name="magazines">Full magazines returned to the source.</param>
    public long TrimQuietly(out long magazines)
    {
        ReapDeadThreads();
        magazines = DrainDepots(reclaimed: true);
        return _store.Trim();
    }

    /// <summary>Returns all full magazines to the source, as a pass of its own.</summary>
    public void Reclaim()
    {
        TellReclaimStart();
        TellReclaimStop(DrainDepots(reclaimed: true), 0);
    }

    private protected override long DrainDepots(bool reclaimed)
    {
        long magazines = 0;
        for (int code = 1; code < _codes; code++)
        {
            while (_capacities[code] != 0 && ReclaimOne(code))
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

    /// <summary>Resources of one class in thread caches and depots. Exact while nobody allocates or frees.</summary>
    public long CountCached(int code) => CountInDepot(code) + CountInThreads(code);

    /// <summary>Resources of one class in its depot.</summary>
    public long CountInDepot(int code) => (long)_depots[code].Count * _capacities[code];

    /// <summary>Resources of one class in thread caches. Exact while nobody allocates or frees.</summary>
    public long CountInThreads(int code)
    {
        int capacity = _capacities[code];
        if (capacity == 0)
        {
            return 0;
        }

        long count = 0;
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            if (node.Ticket.State is CacheNodeState.Live or CacheNodeState.Draining or CacheNodeState.Adopting
                && !(TSource.IsVisited && IsTaken(Atomic.Load(ref node.Cache->EngineId))))
            {
                CacheEntry* entry = ThreadCache.Entry(node.Cache, code);
                nuint* loaded = (nuint*)Atomic.Load(ref *(nuint*)&entry->Loaded);
                nuint* previous = (nuint*)Atomic.Load(ref *(nuint*)&entry->Previous);
                count += IsReal(node.Cache, loaded) ? Magazine.Count(loaded, capacity) : 0;
                count += previous != Magazine.NoneFull ? Magazine.Count(previous, capacity) : 0;
            }
        }

        return count;
    }

    /// <summary>Writes what the engine knows: threads, magazines, exchanges, addresses, faults.</summary>
    public void Read(ref Ledger ledger)
    {
        ledger.ReservedBytes = (long)ReservedBytes;
        ledger.InjectedFaults = _options.Faults?.Injected ?? 0;
        ledger.ReclaimedMagazines = Atomic.Load(ref _reclaimed);
        for (int code = 1; code < _codes; code++)
        {
            ledger.DepotMagazines += _depots[code].Count;
        }

        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            ledger.Threads += node.Ticket.State == CacheNodeState.Live ? 1 : 0;
            ledger.DepotExchanges += Atomic.Load(ref node.Cache->DepotExchanges);
            ledger.DepotHits += Atomic.Load(ref node.Cache->DepotHits);
            ledger.SourceRefills += Atomic.Load(ref node.Cache->SourceRefills);
            ledger.SourceReturns += Atomic.Load(ref node.Cache->SourceReturns);
            ledger.LimitHits += Atomic.Load(ref node.Cache->LimitHits);
            ledger.LimitDepotHits += Atomic.Load(ref node.Cache->LimitDepotHits);
            ledger.LimitMisses += Atomic.Load(ref node.Cache->LimitMisses);
            ledger.Uncached += Atomic.Load(ref node.Cache->Uncached);
            ledger.Visits += Atomic.Load(ref node.Cache->Visits);
        }
    }

    /// <summary>Full magazines of one class in its depot.</summary>
    public int DepotCount(int code) => _depots[code].Count;

    private bool ReclaimDepot(int code, ref long magazines)
    {
        ref Depot depot = ref _depots[code];
        if (_options.Policy == ReclaimPolicy.Flat)
        {
            // iova_depot_work_func: above the threshold one magazine goes, and the work is armed again.
            if (depot.Count <= _options.Threshold || !ReclaimOne(code))
            {
                return false;
            }

            magazines++;
            return depot.Count > _options.Threshold;
        }

        for (int unused = depot.EndInterval(); unused > 0 && ReclaimOne(code); unused--)
        {
            magazines++;
        }

        return depot.Count > 0;
    }

    private bool ReclaimOne(int code)
    {
        if (_depots[code].Count == 0)
        {
            return false;
        }

        _options.Committed.Transit.Begin();
        try
        {
            return ReclaimOneInTransit(code);
        }
        finally
        {
            _options.Committed.Transit.End();
        }
    }

    private bool ReclaimOneInTransit(int code)
    {
        if (!_depots[code].TryPop(_links, out uint index))
        {
            return false;
        }

        int capacity = _capacities[code];
        Atomic.Add(ref _depotWeight.Value, -Weight(code));
        Atomic.Increment(ref _reclaimed);
        byte* magazine = _store.AddressOf(index);
        try
        {
            _source.Release(code, Magazine.Bottom(magazine, capacity) + 1, capacity);
        }
        finally
        {
            _store.Give(index);
        }

        return true;
    }

    public override void StopWorker() => _worker?.Dispose();
}
