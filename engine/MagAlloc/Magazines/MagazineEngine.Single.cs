namespace MagAlloc.Magazines;

/// <content>Classes whose magazines hold one block, because blocks are large.</content>
internal unsafe partial class MagazineEngine<TSource>
{
    // What large blocks, one in a magazine, may weigh in depots: a part of the budget, or they would crowd out the small ones.
    private const int SingleShare = 4;

    // Bytes of such blocks that a thread may keep, beside the one that it freed last.
    private const long MostSingleBytes = 512 * 1024;

    /// <summary>
    /// Of a class whose magazines hold one block a thread keeps the block that it freed last; of all such classes together a
    /// bounded number of bytes. The others go to the depots. (A second one may lie in the magazine that a block out of the depot came in.)
    /// </summary>
    private void SpillSingle(ThreadCache* cache, CacheEntry* entry, int code, nuint resource)
    {
        nuint former = 0;
        if (entry->Previous != Magazine.NoneFull)
        {
            // The block that was freed last is the one whose lines are in a cache.
            former = *entry->Previous;
            *entry->Previous = resource;
        }
        else
        {
            MakeRoomForSingle(cache, code);
            if (TryTakeSingle(cache, entry, out byte* magazine))
            {
                entry->Previous = Magazine.Attach(magazine, 1) + 1;
                *entry->Previous = resource;
                return;
            }

            former = resource;
        }

        if (former == 0)
        {
            return;
        }

        if (DepotHasRoom(code) && TryTakeSingle(cache, entry, out byte* full))
        {
            nuint* top = Magazine.Attach(full, 1) + 1;
            *top = former;
            PushFull(cache, code, top);
        }
        else
        {
            ReleaseOne(code, former);
        }
    }

    /// <summary>An empty magazine: the one that the last block out of the depot came in, or one out of the store.</summary>
    private bool TryTakeSingle(ThreadCache* cache, CacheEntry* entry, out byte* magazine)
    {
        if (ThreadCache.IsReal(cache, entry->Loaded) && *entry->Loaded == 0)
        {
            magazine = Magazine.Base(entry->Loaded);
            entry->Loaded = &cache->NoneEmpty;
            return true;
        }

        bool taken = _store.TryTake(out uint index);
        magazine = taken ? _store.AddressOf(index) : null;
        return taken;
    }

    /// <summary>Before a thread keeps a block of one more of these classes: others go, beginning behind the class.</summary>
    private void MakeRoomForSingle(ThreadCache* cache, int code)
    {
        long bytes = Weight(code);
        for (int i = 1; i < _codes; i++)
        {
            bytes += _capacities[i] == 1 ? KeptOf(cache, i) * Weight(i) : 0;
        }

        for (int i = 1; bytes > MostSingleBytes && i < _codes; i++)
        {
            int other = code + i < _codes ? code + i : code + i - _codes;
            if (_capacities[other] == 1)
            {
                bytes -= KeptOf(cache, other) * Weight(other);
                FlushClass(cache, other, keepFullInDepot: true);
            }
        }
    }

    /// <summary>How many blocks of a class the thread keeps, counting an attached magazine as one.</summary>
    private static int KeptOf(ThreadCache* cache, int code)
    {
        CacheEntry* entry = ThreadCache.Entry(cache, code);
        return (entry->Previous != Magazine.NoneFull ? 1 : 0) + (*entry->Loaded != 0 ? 1 : 0);
    }
}
