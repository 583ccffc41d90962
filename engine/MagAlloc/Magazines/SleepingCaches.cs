using System.Runtime.ExceptionServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>Caches of threads that sleep go home: what nobody uses is not a working set.</summary>
/// <remarks>
/// <para>A visitor writes Parked into <see cref="ThreadCache.EngineId"/>, has every processor pass a fence, and only then
/// looks whether the owner sleeps. If it does, and is in no slow step (pinned, or busy), it is in the middle of nothing, and whatever it
/// begins when it wakes begins with the word. So the visitor reads the tops, and one compare-and-swap to Taken makes
/// both magazines of each class its own. The owner meets Parked or Taken as another engine's number: its next operation
/// goes the slow way, to <c>CacheLifetime.WakeUp</c>, which takes Parked back, or begins anew with no
/// magazines. No fast path has an instruction for it. The argument: docs/proofs/visits.md.</para>
/// <para>Left alone are threads that run or wait in native code, that have a handle open, or whose allocations are
/// sampled.</para>
/// </remarks>
/// <param name="engine">Whose caches.</param>
/// <param name="store">Where their magazines go.</param>
/// <param name="capacities">Of a magazine, by code; 0: the code has none.</param>
/// <param name="transit">Told of what is in nobody's books for a moment.</param>
/// <typeparam name="TSource">The source of the engine.</typeparam>
internal sealed unsafe class SleepingCaches<TSource>(MagazineEngine<TSource> engine, MagazineStore store, int[] capacities, Transit transit)
    where TSource : struct, IMagazineSource
{
    // Looks at which a sleeper's tops stand where they stood before, until it counts as idle.
    private const int IdleLooks = 2;

    // One visitor at a time: so a word that says Parked is that of the visitor who reads it.
    private const long Parked = CacheWord.Inside | 1;

    private int _emptying;

    /// <summary>Returns what the caches of sleeping threads hold to the source, and their magazines to the store.</summary>
    /// <param name="atOnce">Also if they have not slept for long.</param>
    /// <returns>Whether another look, later, may find more.</returns>
    public bool Empty(bool atOnce)
    {
        if (TSource.IsVisited)
        {
            return false;
        }

        transit.Begin();
        if (Atomic.CompareExchange(ref _emptying, 1, 0) != 0)
        {
            transit.End();
            return false;
        }

        try
        {
            bool waits = false;
            int parked = 0;
            for (CacheNode? node = engine.Nodes; node is not null; node = node.Next)
            {
                node.IsParked = false;
                long tops = node.Ticket.State == CacheNodeState.Live && !node.Life.IsCurrent ? Tops(node.Cache) : 0;
                if (tops != 0 && IsAtRest(node))
                {
                    bool isIdle = node.CountIdle(tops) >= IdleLooks || atOnce;
                    parked += isIdle && TryPark(node) ? 1 : 0;
                    waits |= !isIdle;
                }
            }

            return (parked != 0 && TakeParked()) || waits;
        }
        finally
        {
            Atomic.Store(ref _emptying, 0);
            transit.End();
        }
    }

    /// <summary>Where a cache's magazines stand; 0: it has none. A look without a fence, at a cache that may be in use.</summary>
    private long Tops(ThreadCache* cache)
    {
        long tops = 0;
        for (int code = 1; code < capacities.Length; code++)
        {
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            nuint loaded = Atomic.Load(ref *(nuint*)&entry->Loaded);
            nuint previous = Atomic.Load(ref *(nuint*)&entry->Previous);
            if (ThreadCache.IsReal(cache, (nuint*)loaded) || (nuint*)previous != Magazine.NoneFull)
            {
                tops = (tops * 31) + (long)loaded + (long)(previous << 1);
            }
        }

        return tops;
    }

    private static bool IsAtRest(CacheNode node)
    {
        ThreadCache* cache = node.Cache;
        return node.Life.IsAsleep && Atomic.Load(ref cache->Pins) == 0 && Atomic.Load(ref cache->Busy) == 0
            && Atomic.Load(ref cache->SampleMean) == 0;
    }

    private bool TryPark(CacheNode node)
    {
        node.IsParked = Atomic.CompareExchange(ref node.Cache->EngineId, Parked, engine.Id) == engine.Id;
        return node.IsParked;
    }

    /// <returns>Whether any was taken.</returns>
    private bool TakeParked()
    {
        Atomic.ProcessWideFence();
        bool any = false;
        Exception? failure = null;
        for (CacheNode? node = engine.Nodes; node is not null; node = node.Next)
        {
            any |= node.IsParked && TryEmpty(node, ref failure);
        }

        if (any)
        {
            store.Trim();
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return any;
    }

    private bool TryEmpty(CacheNode node, ref Exception? failure)
    {
        ThreadCache* cache = node.Cache;
        if (!IsAtRest(node))
        {
            Atomic.CompareExchange(ref cache->EngineId, engine.Id, Parked);
            return false;
        }

        // Read after the thread was seen asleep, and before the word says that they are taken.
        Atomic.Fence();
        nuint** tops = stackalloc nuint*[2 * capacities.Length];
        for (int code = 1; code < capacities.Length; code++)
        {
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            tops[2 * code] = ThreadCache.IsReal(cache, entry->Loaded) ? entry->Loaded : null;
            tops[(2 * code) + 1] = entry->Previous != Magazine.NoneFull ? entry->Previous : null;
        }

        if (Atomic.CompareExchange(ref cache->EngineId, Parked | CacheWord.Taken, Parked) != Parked)
        {
            return false;
        }

        for (int i = 2; i < 2 * capacities.Length; i++)
        {
            if (tops[i] != null)
            {
                BringHome(i / 2, tops[i], ref failure);
            }
        }

        return true;
    }

    private void BringHome(int code, nuint* top, ref Exception? failure)
    {
        byte* magazine = Magazine.Base(top);
        int count = Magazine.Count(top, capacities[code]);
        try
        {
            if (count > 0)
            {
                engine.Release(code, Magazine.Bottom(magazine, capacities[code]) + 1, count);
            }
        }
#pragma warning disable CA1031 // A user's source. The others go home all the same; it is thrown then.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
        }
        finally
        {
            store.Give(store.IndexOf(magazine));
        }
    }
}
