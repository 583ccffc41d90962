using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>
/// The magazine layer: per-thread pairs of magazines in front of a depot for each class, over any source.
/// </summary>
/// <remarks>
/// <para><b>What it does.</b> The scheme of Linux's <c>drivers/iommu/iova.c</c> and of Bonwick and Adams (USENIX 2001),
/// with threads for CPUs and a lock-free depot. The owner of this type inlines the fast path (pop from <c>Loaded</c>,
/// push onto <c>Previous</c>) and calls <see cref="Refill"/> and <see cref="Spill"/> when that fails.</para>
/// <para><b>Invariants.</b> A magazine has one owner: a thread's entry, a depot's stack, the stack of empties, or the
/// pass that popped it. Depots hold full magazines only; the exchange that pushes one publishes its contents. A
/// resource is in the source, in exactly one magazine, or with the caller. A free never fails: where no empty magazine
/// can be had, resources go straight to the source. More: docs/proofs/stacks-and-magazines.md.</para>
/// <para><b>Threads.</b> A thread's cache is its own; <see cref="Tick"/> and <see cref="Trim"/> may run on any thread
/// and touch depots, and the caches of threads that have ended or sleep (<see cref="SleepingCaches{TSource}"/>).</para>
/// </remarks>
/// <typeparam name="TSource">A struct, so that its calls are direct.</typeparam>
[SuppressMessage("Design", "CA1001", Justification = "Close is the disposal; it needs to know when readers have left.")]
internal unsafe partial class MagazineEngine<TSource> : CacheLifetime<TSource>
    where TSource : struct, IMagazineSource
{
    // A pair of magazines with less than an eighth of one in it is topped up rather than only swapped.
    private protected const int ScarceShare = 8;
    private const int Scarce = 2;
    // Magazines of fewer blocks than this are not swapped: that would come at every other operation.
    private protected const int FewBlocks = 4;

    private protected readonly MagazineStore _store;
    private protected readonly TaggedStack _links;
    private protected readonly Depot[] _depots;
#pragma warning disable IDE0044 // A user's source may change its own fields; readonly would make it change copies.
    private protected TSource _source;
#pragma warning restore IDE0044
    private protected PaddedLong _depotWeight;

    /// <exception cref="OutOfMemoryException">A step of the construction failed; nothing is left behind.</exception>
    public MagazineEngine(TSource source, EngineOptions options)
        : base(options)
    {
        _source = source;
        _depots = new Depot[_codes];
        _store = new MagazineStore(options.MagazineCapacity, options.Committed, options.Faults, TSource.KeepsLowest, options.LeastMagazines);
        _links = _store.Links;
        Reclaimer = new Reclaimer<TSource>(this, _depots, _store, _capacities, options);
    }

    public nuint ReservedBytes => _store.ReservedBytes;

    private protected sealed override MagazineStore Store => _store;

    /// <summary>Allocation when the loaded magazine is empty.</summary>
    /// <returns>A resource, or 0 when the source is exhausted.</returns>
    /// <remarks>Inlined although it is slow: a sample would pay for one more frame.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nuint Refill(ThreadCache* cache, int code)
        => TSource.IsSampled && cache->SampleMean != 0 ? RefillSampled(cache, code) : RefillNow(cache, code);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private nuint RefillNow(ThreadCache* cache, int code)
    {
        ThrowIfClosed();
        int capacity = _capacities[code];
        if (capacity == 0 || cache->Slow != 0)
        {
            return AcquireOne(code);
        }

        BeginSlow(cache);
        try
        {
            return RefillFromNext(cache, code, capacity);
        }
        finally
        {
            EndSlow(cache);
        }
    }

    /// <summary>Free when the previous magazine is full, or there is none. Never fails.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Spill(ThreadCache* cache, int code, nuint resource)
    {
        ThrowIfClosed();
        int capacity = _capacities[code];
        if (capacity == 0 || cache->Slow != 0)
        {
            ReleaseOne(code, resource);
            return;
        }

        LiftBeforeSpill(cache, code);
        BeginSlow(cache);
        try
        {
            AnswerFlush(cache);
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            if (capacity == 1)
            {
                SpillSingle(cache, entry, code, resource);
            }
            else if (MakeRoom(cache, entry, code, capacity))
            {
                *++entry->Previous = resource;
            }
            else
            {
                ReleaseOne(code, resource);
            }
        }
        finally
        {
            EndSlow(cache);
            PlantAfterSpill(cache, code);
        }
    }

    /// <summary>Returns one resource past the magazines.</summary>
    public void ReleaseOne(int code, nuint resource)
    {
        _source.Release(code, &resource, 1);
        ArmWorker();
    }

    /// <summary>Takes one resource past the magazines.</summary>
    /// <returns>0 when the source is exhausted.</returns>
    public nuint AcquireOne(int code)
    {
        nuint one;
        return _source.Acquire(code, &one, 1) == 1 ? one : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected static nuint Pop(CacheEntry* entry)
    {
        // 0 only in a magazine that a disposal has zeroed; the top must not leave it.
        nuint resource = *entry->Loaded;
        entry->Loaded -= resource != 0 ? 1 : 0;
        return resource;
    }

    private protected nuint RefillFromNext(ThreadCache* cache, int code, int capacity)
    {
        AnswerFlush(cache);
        CacheEntry* entry = ThreadCache.Entry(cache, code);
        int held = entry->Previous == Magazine.NoneFull ? 0 : Magazine.Count(entry->Previous, capacity);
        if (capacity < FewBlocks)
        {
            if (held > 0)
            {
                return *entry->Previous--;
            }

        }

        if (held >= Math.Min(capacity, Math.Max(Scarce, capacity / ScarceShare)))
        {
            SwapIn(cache, entry);
            return Pop(entry);
        }

        if (_depots[code].TryPop(_links, out uint index))
        {
            Atomic.Add(ref _depotWeight.Value, -Weight(code));
            if (ThreadCache.IsReal(cache, entry->Loaded))
            {
                _store.Give(_store.IndexOf(Magazine.Base(entry->Loaded)));
            }

            entry->Loaded = Magazine.AttachFull(_store.AddressOf(index), capacity);
            CountFromDepot(cache, code);
            return Pop(entry);
        }

        if (capacity == 1)
        {
            return AcquireOne(code);
        }

        if (held > 0)
        {
            // A pair of magazines with next to nothing in it would change places at every other operation.
            SwapIn(cache, entry);

            // Numbers have no cold ones among them, and a space that is reused stays small: what was freed last goes first.
            nuint last = TSource.KeepsLowest ? Pop(entry) : 0;
            TopUp(cache, entry, code, capacity, capacity - held);
            return last != 0 ? last : Pop(entry);
        }

        if (!ThreadCache.IsReal(cache, entry->Loaded))
        {
            if (!_store.TryTake(out index))
            {
                return AcquireOne(code);
            }

            entry->Loaded = Magazine.Attach(_store.AddressOf(index), capacity);
        }

        return TopUp(cache, entry, code, capacity, capacity) > 0 ? Pop(entry) : 0;
    }

    /// <summary>Makes the previous magazine the loaded one, which is empty or none.</summary>
    private protected static void SwapIn(ThreadCache* cache, CacheEntry* entry)
    {
        nuint* loaded = entry->Loaded;
        entry->Loaded = entry->Previous;
        entry->Previous = ThreadCache.IsReal(cache, loaded) ? loaded : Magazine.NoneFull;
    }

    /// <summary>Adds a batch from the source to the loaded magazine.</summary>
    /// <remarks>Batches start small and double: a class that a thread hardly uses shall not hold a magazine's worth of
    /// it.</remarks>
    private int TopUp(ThreadCache* cache, CacheEntry* entry, int code, int capacity, int room)
    {
        byte* size = ThreadCache.RefillSize(cache, code);
        int wanted = Math.Max(_options.Classes[code - 1].SmallestBatch, *size);
        nuint* top = entry->Loaded;
        int got = 0;
        try
        {
            // Out of sight meanwhile: a nested call of a user's constructor or source must not pop from it.
            entry->Loaded = &cache->NoneEmpty;
            got = _source.Acquire(code, top + 1, Math.Min(room, UnderPressure(wanted)));
        }
        finally
        {
            entry->Loaded = top + got;
        }

        cache->SourceRefills++;
        if (got > 0)
        {
            *size = (byte)Math.Min(_options.Classes[code - 1].LargestBatch, wanted * 2);
        }

        return got;
    }

    private protected long Weight(int code) => _options.Classes[code - 1].Weight;

    /// <summary>Leaves <c>Previous</c> with at least one free slot.</summary>
    private bool MakeRoom(ThreadCache* cache, CacheEntry* entry, int code, int capacity)
    {
        if (entry->Previous != Magazine.NoneFull && !Magazine.IsFull(entry->Previous))
        {
            return true;
        }

        bool loadedIsReal = ThreadCache.IsReal(cache, entry->Loaded);
        if (entry->Previous != Magazine.NoneFull && loadedIsReal && Magazine.Count(entry->Loaded, capacity) == 0)
        {
            nuint* empty = entry->Loaded;
            entry->Loaded = entry->Previous;
            entry->Previous = empty;
            return true;
        }

        // The empty magazine first: once the full one is in the depot it is no longer ours to fall back on.
        uint index;
        if (entry->Previous == Magazine.NoneFull)
        {
            if (!_store.TryTake(out index))
            {
                return false;
            }
        }
        else if (!loadedIsReal)
        {
            if (!_store.TryTake(out index))
            {
                return ReturnPrevious(cache, entry, code, capacity);
            }

            entry->Loaded = entry->Previous;
        }
        else
        {
            if (!DepotHasRoom(code) || !_store.TryTake(out index))
            {
                return ReturnPrevious(cache, entry, code, capacity);
            }

            // Detached first: who is told of the exchange may call back, and must not pop from it.
            nuint* full = entry->Previous;
            entry->Previous = Magazine.NoneFull;
            PushFull(cache, code, full);
        }

        entry->Previous = Magazine.Attach(_store.AddressOf(index), capacity);
        return true;
    }

    private bool ReturnPrevious(ThreadCache* cache, CacheEntry* entry, int code, int capacity)
    {
        nuint* bottom = Magazine.Bottom(Magazine.Base(entry->Previous), capacity);
        cache->SourceReturns++;
        try
        {
            // Out of sight meanwhile: a nested free must not write into it, nor a nested allocation pop from it.
            entry->Previous = Magazine.NoneFull;
            _source.Release(code, bottom + 1, capacity);
        }
        finally
        {
            entry->Previous = bottom;
        }

        ArmWorker();
        return true;
    }

    private bool DepotHasRoom(int code)
        => Atomic.Load(ref _depotWeight.Value) + Weight(code) <= _source.DepotBudget / (TSource.IsSampled && _capacities[code] == 1 ? SingleShare : 1);

    private void PushFull(ThreadCache* cache, int code, nuint* top)
    {
        Atomic.Add(ref _depotWeight.Value, Weight(code));
        if (TSource.KeepsLowest)
        {
            NoteLowest(code, top);
        }

        _depots[code].Push(_links, _store.IndexOf(Magazine.Base(top)));
        ArmWorker();
        CountToDepot(cache, code);
    }

    private void NoteLowest(int code, nuint* top)
    {
        byte* magazine = Magazine.Base(top);
        nuint lowest = nuint.MaxValue;
        for (nuint* slot = Magazine.Bottom(magazine, _capacities[code]) + 1; slot <= top; slot++)
        {
            lowest = Math.Min(lowest, *slot);
        }

        _store.Lowest(_store.IndexOf(magazine)) = lowest;
    }
}
