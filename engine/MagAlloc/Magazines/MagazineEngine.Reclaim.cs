using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Magazines;

/// <content>The reclaim pass, its worker, and the books.</content>
internal unsafe partial class MagazineEngine<TSource>
{
    private ReclaimWorker? _worker;

    internal Reclaimer<TSource> Reclaimer { get; }

    internal CacheNode? Nodes => Atomic.Load(ref _nodes);

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

    public sealed override void ArmWorker() => _worker?.Arm();

    /// <summary>One reclaim pass over dead threads and depots; a second caller at the same time returns at once.</summary>
    public ReclaimOutlook Tick()
    {
        TellReclaimStart();
        ReclaimOutlook outlook = Reclaimer.PassQuietly(out long magazines);
        TellReclaimStop(magazines, 0);
        return outlook;
    }

    /// <summary>Returns everything in depots to the source and unused magazines to the operating system.</summary>
    /// <returns>Bytes given back.</returns>
    public long Trim()
    {
        TellReclaimStart();
        long bytes = Reclaimer.TrimQuietly(out long magazines);
        TellReclaimStop(magazines, bytes);
        return bytes;
    }

    /// <summary>Returns all full magazines to the source, as a pass of its own.</summary>
    public void Reclaim()
    {
        TellReclaimStart();
        TellReclaimStop(Reclaimer.DrainDepots(reclaimed: true), 0);
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
                && !CacheWord.IsTaken(Atomic.Load(ref node.Cache->EngineId)))
            {
                CacheEntry* entry = ThreadCache.Entry(node.Cache, code);
                nuint* loaded = (nuint*)Atomic.Load(ref *(nuint*)&entry->Loaded);
                nuint* previous = (nuint*)Atomic.Load(ref *(nuint*)&entry->Previous);
                count += ThreadCache.IsReal(node.Cache, loaded) ? Magazine.Count(loaded, capacity) : 0;
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
        ledger.ReclaimedMagazines = Reclaimer.Reclaimed;
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

    /// <summary>Returns resources to the source. May reorder them.</summary>
    internal void Release(int code, nuint* resources, int count) => _source.Release(code, resources, count);

    /// <summary>A magazine has left the depot.</summary>
    internal void Unweigh(int code) => Atomic.Add(ref _depotWeight.Value, -Weight(code));

    private protected sealed override void DrainDepots() => Reclaimer.DrainDepots(reclaimed: false);

    public sealed override void StopWorker() => _worker?.Dispose();
}
