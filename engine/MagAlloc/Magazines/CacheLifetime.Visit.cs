using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <content>Caches that other threads may empty, on their owner's side. For sources that say so only.</content>
/// <remarks>
/// <para><b>States</b>, all in <see cref="ThreadCache.EngineId"/>: the engine's number (the owner may take its fast
/// path); 0 (the engine is closed); Inside (the owner is in a slow step, or a party owns the cache of a dead thread);
/// Parked(n) (visit n reads the magazines); Taken(n, parities) (what visit n read is the visitor's; the magazines are
/// the owner's, and empty, whatever their tops say).</para>
/// <para>number → Inside → number: owner. number → Parked → Taken: one visitor. Parked → number or Inside, Taken →
/// Inside: owner. Only the owner leads back to the number. The argument: docs/proofs/visits.md.</para>
/// </remarks>
internal abstract unsafe partial class CacheLifetime<TSource>
{
    // Requests that found nothing and are flushing: others shall not hoard meanwhile.
    private protected PaddedLong _needy;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void BeginSlow(ThreadCache* cache)
    {
        BeginVisited(cache);
        cache->Slow++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void EndSlow(ThreadCache* cache)
    {
        cache->Slow--;
        EndVisited(cache);
    }

    /// <summary>Keeps visitors out of a cache that the caller owns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void BeginVisited(ThreadCache* cache)
    {
        if (TSource.IsVisited)
        {
            Own(cache);
        }
    }

    /// <summary>Lets visitors in again, and the owner onto its fast path.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void EndVisited(ThreadCache* cache)
    {
        if (TSource.IsVisited)
        {
            LetIn(cache);
        }
    }

    private protected void LetIn(ThreadCache* cache)
    {
        // Releases the tops and slots written meanwhile to the visitor's compare-and-swap.
        Atomic.Store(ref cache->EngineId, Id);
        if (IsClosed)
        {
            // Close has its fence between the flag and the word: the flag is seen here, or the number replaced there.
            Atomic.Store(ref cache->EngineId, 0);
        }
    }

    /// <summary>This thread comes back to its own cache, which somebody may have emptied while it slept.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected void WakeUp(ThreadCache* cache)
    {
        // As an operation on the cache, so that a closer who drains it waits.
        Atomic.Store(ref cache->Busy, cache->Busy + 1);
        if (!IsClosed)
        {
            Own(cache);
            LetIn(cache);
        }

        Atomic.Store(ref cache->Busy, cache->Busy - 1);
    }

    /// <returns>The state that was ended.</returns>
    private protected long Own(ThreadCache* cache)
    {
        long seen = Atomic.Load(ref cache->EngineId);
        while (true)
        {
            long now = Atomic.CompareExchange(ref cache->EngineId, CacheWord.Inside, seen);
            if (now == seen)
            {
                break;
            }

            seen = now;
        }

        if (CacheWord.IsTaken(seen))
        {
            cache->Visits++;
            for (int code = 1; code < _codes; code++)
            {
                Empty(cache, ThreadCache.Entry(cache, code), _capacities[code]);
                *ThreadCache.RefillSize(cache, code) = 0;
            }
        }

        return seen;
    }

    private static void Empty(ThreadCache* cache, CacheEntry* entry, int capacity)
    {
        if (!TSource.IsVisited)
        {
            // The magazines are the visitor's as well.
            *entry = new CacheEntry { Loaded = &cache->NoneEmpty, Previous = Magazine.NoneFull };
            return;
        }

        // The bottoms still hold their 0; a top never leaves its magazine.
        if (ThreadCache.IsReal(cache, entry->Loaded))
        {
            entry->Loaded = Magazine.Bottom(Magazine.Base(entry->Loaded), capacity);
        }

        if (entry->Previous != Magazine.NoneFull)
        {
            entry->Previous = Magazine.Bottom(Magazine.Base(entry->Previous), capacity);
        }
    }

    /// <summary>How many resources a refill may take at the moment, of those that it would.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected int UnderPressure(int wanted) => TSource.IsVisited && Atomic.Load(ref _needy.Value) != 0 ? 1 : wanted;
}
