using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <content>Bringing home what a cache holds.</content>
internal unsafe partial class MagazineEngine<TSource>
{
    public override void Flush(ThreadCache* cache, bool keepFullInDepot)
    {
        for (int code = 1; code < _codes; code++)
        {
            int capacity = _capacities[code];
            if (capacity == 0)
            {
                continue;
            }

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
                if (IsReal(cache, loaded))
                {
                    Retire(cache, code, loaded, capacity, keepFullInDepot);
                }
            }
            finally
            {
                if (previous != Magazine.NoneFull)
                {
                    Retire(cache, code, previous, capacity, keepFullInDepot);
                }
            }
        }
    }

    /// <summary>Flushes this thread's cache, if it has one and is not in the middle of a slow operation on it.</summary>
    public void FlushCurrent(bool keepFullInDepot)
    {
        ThreadCache* cache = FindOwn();
        if (cache != null && cache->Slow == 0)
        {
            BeginVisited(cache);
            try
            {
                Flush(cache, keepFullInDepot);
            }
            finally
            {
                EndVisited(cache);
            }
        }
    }

    private protected void Retire(ThreadCache* cache, int code, nuint* top, int capacity, bool keepFullInDepot)
    {
        int count = Magazine.Count(top, capacity);

        // Of classes with one block in a magazine no depot holds any: nobody would look for it there.
        if (count == capacity && capacity > 1 && keepFullInDepot && DepotHasRoom(code))
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
