using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <content>Requests that name the highest resource that will do, and magazines made in advance.</content>
/// <remarks>
/// The kernel looks for a fitting range in <c>loaded</c> only (<c>iova_magazine_pop</c>, e8b198402745), though <c>prev</c> and
/// the depot may hold one. Here all three are looked through before the source is asked. A magazine in a depot says by
/// one word whether it is worth taking, so a magazine of the wrong kind costs its exchange and no scan.
/// </remarks>
internal sealed unsafe partial class IovaEngine<TSource>
{
    // Magazines of a depot that a bounded request looks at. Each costs two exchanges on the depot's head; past a few of the
    // wrong kind the source, which finds the best in a few steps more, is the shorter way.
    private const int DepotLooks = 8;

    /// <summary>
    /// Allocation when the top of the loaded magazine does not fit, or there is none. Works in any state of the cache.
    /// </summary>
    /// <param name="cache">This thread's cache.</param>
    /// <param name="code">The class.</param>
    /// <param name="highest">The highest resource that will do; <see cref="nuint.MaxValue"/> for any.</param>
    /// <returns>A resource, or 0 when there is none within reach: magazines of living threads are not looked into.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public nuint RefillBelow(ThreadCache* cache, int code, nuint highest)
    {
        ThrowIfClosed();
        int capacity = _capacities[code];
        if (capacity == 0 || cache->Slow != 0)
        {
            return AcquireOneBelow(code, highest);
        }

        BeginSlow(cache);
        try
        {
            AnswerFlush(cache);
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            if (highest != nuint.MaxValue)
            {
                return FindBelow(cache, entry, code, capacity, highest);
            }

            nuint top = Pop(entry);
            return top != 0 ? top : RefillFromNext(cache, code, capacity);
        }
        finally
        {
            EndSlow(cache);
        }
    }

    /// <summary>Takes one resource that is not above <paramref name="highest"/> past the magazines.</summary>
    /// <returns>0 when the source has none.</returns>
    public nuint AcquireOneBelow(int code, nuint highest)
    {
        nuint one;
        int got = highest == nuint.MaxValue ? _source.Acquire(code, &one, 1) : _source.AcquireBelow(code, highest, &one, 1);
        return got == 1 ? one : 0;
    }

    /// <summary>
    /// Makes magazines in advance, as <c>iova_domain_init_rcaches</c> does, and puts them on the stack of empties: no thread's
    /// first exchanges can meet a refusal.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <exception cref="OutOfMemoryException">One was refused; those before it are on the stack.</exception>
    public void Prepare(int count)
    {
        // Kept aside until all are made, or each would be taken again as the next one.
        ulong made = 0;
        int left = count;
        while (left > 0 && _store.TryTake(out uint index))
        {
            _links.Push(ref made, index);
            left--;
        }

        while (_links.TryPop(ref made, out uint index))
        {
            _store.Give(index);
        }

        if (left > 0)
        {
            throw new OutOfMemoryException($"Magazine {count - left + 1} of {count} could not be made.");
        }
    }

    private nuint FindBelow(ThreadCache* cache, CacheEntry* entry, int code, int capacity, nuint highest)
    {
        nuint found;
        if ((ThreadCache.IsReal(cache, entry->Loaded) && (found = TakeBelow(ref entry->Loaded, capacity, highest)) != 0)
            || (entry->Previous != Magazine.NoneFull && (found = TakeBelow(ref entry->Previous, capacity, highest)) != 0))
        {
            cache->LimitHits++;
            return found;
        }

        if (TryLoadBelow(cache, entry, code, capacity, highest))
        {
            cache->LimitDepotHits++;
            return TakeBelow(ref entry->Loaded, capacity, highest);
        }

        cache->LimitMisses++;
        return AcquireBelow(cache, entry, code, capacity, highest);
    }

    /// <summary>Takes the fitting resource nearest to the top out of a magazine; the last one moves into its place.</summary>
    private static nuint TakeBelow(ref nuint* top, int capacity, nuint highest)
    {
        nuint* bottom = Magazine.Bottom(Magazine.Base(top), capacity);
        for (nuint* slot = top; slot > bottom; slot--)
        {
            nuint resource = *slot;

            // A magazine that a disposal has zeroed holds none.
            if (resource - 1 < highest)
            {
                *slot = *top;
                top--;
                return resource;
            }
        }

        return 0;
    }

    /// <summary>Loads a magazine out of the depot that holds a fitting resource, if one of the first few does.</summary>
    private bool TryLoadBelow(ThreadCache* cache, CacheEntry* entry, int code, int capacity, nuint highest)
    {
        uint* others = stackalloc uint[DepotLooks];
        ref Depot depot = ref _depots[code];
        int looked = 0;
        bool found = false;
        uint index = 0;
        while (!found && looked < DepotLooks && depot.TryLook(_links, out index))
        {
            if (_store.Lowest(index) <= highest)
            {
                found = true;
            }
            else
            {
                others[looked++] = index;
            }
        }

        while (looked > 0)
        {
            // In the order in which they lay; their weight was never taken off.
            depot.Push(_links, others[--looked]);
        }

        if (found)
        {
            depot.Keep();
            Load(cache, entry, code, capacity, index);
        }

        return found;
    }

    /// <summary>Makes a full magazine out of the depot the loaded one. What the pair held stays in it, or goes to the depot.</summary>
    private void Load(ThreadCache* cache, CacheEntry* entry, int code, int capacity, uint index)
    {
        Atomic.Add(ref _depotWeight.Value, -Weight(code));
        nuint* former = entry->Loaded;
        entry->Loaded = Magazine.AttachFull(_store.AddressOf(index), capacity);
        CountFromDepot(cache, code);
        if (!ThreadCache.IsReal(cache, former))
        {
            return;
        }

        if (entry->Previous == Magazine.NoneFull)
        {
            entry->Previous = former;
            return;
        }

        // Two magazines for what was in two: fill the previous one. What is over then is the new previous one.
        nuint* bottom = Magazine.Bottom(Magazine.Base(former), capacity);
        while (former > bottom && !Magazine.IsFull(entry->Previous))
        {
            *++entry->Previous = *former--;
        }

        nuint* leaving = former;
        if (former > bottom)
        {
            leaving = entry->Previous;
            entry->Previous = former;
        }

        PutAway(cache, code, leaving, capacity, keepFullInDepot: true);
    }

    /// <summary>Takes a batch of fitting resources from the source onto the loaded magazine, and one of them for the caller.</summary>
    private nuint AcquireBelow(ThreadCache* cache, CacheEntry* entry, int code, int capacity, nuint highest)
    {
        if (!ThreadCache.IsReal(cache, entry->Loaded) && _store.TryTake(out uint index))
        {
            entry->Loaded = Magazine.Attach(_store.AddressOf(index), capacity);
        }

        int room = ThreadCache.IsReal(cache, entry->Loaded) ? capacity - Magazine.Count(entry->Loaded, capacity) : 0;
        if (room == 0)
        {
            return AcquireOneBelow(code, highest);
        }

        byte* size = ThreadCache.RefillSize(cache, code);
        int wanted = Math.Max(_options.Classes[code - 1].SmallestBatch, *size);
        int got = _source.AcquireBelow(code, highest, entry->Loaded + 1, Math.Min(room, UnderPressure(wanted)));
        cache->SourceRefills++;
        if (got == 0)
        {
            return 0;
        }

        *size = (byte)Math.Min(_options.Classes[code - 1].LargestBatch, wanted * 2);
        entry->Loaded += got;
        return Pop(entry);
    }
}
