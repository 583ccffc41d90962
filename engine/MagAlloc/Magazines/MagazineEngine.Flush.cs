using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <content>Bringing home what a cache holds.</content>
internal unsafe partial class MagazineEngine<TSource>
{
    public sealed override void Flush(ThreadCache* cache, bool keepFullInDepot)
    {
        for (int code = 1; code < _codes; code++)
        {
            if (_capacities[code] != 0)
            {
                FlushClass(cache, code, keepFullInDepot);
            }
        }
    }

    private void FlushClass(ThreadCache* cache, int code, bool keepFullInDepot)
    {
        // Here and not for all classes in advance: whoever is told of what goes home may allocate meanwhile, and plant anew.
        LiftBeforeFlush(cache, code);
        CacheEntry* entry = ThreadCache.Entry(cache, code);
        nuint* loaded = entry->Loaded;
        nuint* previous = entry->Previous;

        // Detached before anything else: an exception out of a user's source must not leave a magazine in two places.
        entry->Loaded = &cache->NoneEmpty;
        entry->Previous = Magazine.NoneFull;
        *ThreadCache.RefillSize(cache, code) = 0;
        try
        {
            if (ThreadCache.IsReal(cache, loaded))
            {
                PutAway(cache, code, loaded, _capacities[code], keepFullInDepot);
            }
        }
        finally
        {
            if (previous != Magazine.NoneFull)
            {
                PutAway(cache, code, previous, _capacities[code], keepFullInDepot);
            }
        }
    }

    /// <summary>Flushes this thread's cache, if it has one and is not in the middle of a slow operation on it.</summary>
    public void FlushCurrent(bool keepFullInDepot)
    {
        ThreadCache* cache = FindOwn();
        if (cache != null && cache->Slow == 0)
        {
            // Who is told of what goes home may call back, which lets visitors in, and may wait.
            Atomic.Store(ref cache->Pins, cache->Pins + 1);
            Own(cache);
            try
            {
                Flush(cache, keepFullInDepot);
            }
            finally
            {
                LetIn(cache);
                Unpin(cache);
            }
        }
    }

    private protected void PutAway(ThreadCache* cache, int code, nuint* top, int capacity, bool keepFullInDepot)
    {
        int count = Magazine.Count(top, capacity);

        if (count == capacity && keepFullInDepot && DepotHasRoom(code))
        {
            PushFull(cache, code, top);
            return;
        }

        byte* magazine = Magazine.Base(top);
        try
        {
            if (count > 0)
            {
                cache->SourceReturns++;
                _source.Release(code, Magazine.Bottom(magazine, capacity) + 1, count);
            }
        }
        finally
        {
            _store.Give(_store.IndexOf(magazine));
        }

        ArmWorker();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void AnswerFlush(ThreadCache* cache)
    {
        int epoch = Atomic.Load(ref _flushEpoch);
        if (cache->FlushEpoch != epoch)
        {
            cache->FlushEpoch = epoch;
            Flush(cache, keepFullInDepot: false);
        }
    }
}
