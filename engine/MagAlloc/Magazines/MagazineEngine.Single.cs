namespace MagAlloc.Magazines;

/// <content>Classes whose magazines hold one resource.</content>
internal unsafe partial class MagazineEngine<TSource>
{
    /// <summary>
    /// Of the classes whose magazines hold one block a thread keeps one block in all, the last that it freed: enough for the
    /// loop that needs a buffer, and no hoard of one large block for each class.
    /// </summary>
    private void SpillSingle(ThreadCache* cache, CacheEntry* entry, int code, nuint resource)
    {
        if (entry->Previous != Magazine.NoneFull)
        {
            ReleaseOne(code, resource);
            return;
        }

        int other = cache->SingleCode;
        CacheEntry* otherEntry = ThreadCache.Entry(cache, other);
        nuint kept = 0;
        byte* magazine;
        if (other != 0 && otherEntry->Previous != Magazine.NoneFull)
        {
            kept = *otherEntry->Previous;
            magazine = Magazine.Base(otherEntry->Previous);
            otherEntry->Previous = Magazine.NoneFull;
        }
        else if (_store.TryTake(out uint index))
        {
            magazine = _store.AddressOf(index);
        }
        else
        {
            ReleaseOne(code, resource);
            return;
        }

        nuint* bottom = Magazine.Attach(magazine, 1);
        bottom[1] = resource;
        entry->Previous = bottom + 1;
        cache->SingleCode = (ushort)code;
        if (kept != 0)
        {
            ReleaseOne(other, kept);
        }
    }
}
