using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>
/// The cache that a thread used last, of one kind of source, for others to read: what <see cref="CacheSlot{TSource}"/> is to the thread itself.
/// </summary>
/// <remarks>
/// Written before the slot. So a thread that is in the middle of a fast path, which begins with the slot, is so on this cache and on no
/// other of the kind: of all the closed engines that it ever used, one at most.
/// </remarks>
internal sealed unsafe class LastUse
{
    private nuint _cache;

    /// <summary>Of this thread, outside all fast paths.</summary>
    public void Set(ThreadCache* cache) => Atomic.Store(ref _cache, (nuint)cache);

    /// <summary>The cache's memory is about to be another one's. Of this thread.</summary>
    public void Forget(ThreadCache* cache)
    {
        if (Is(cache))
        {
            Set(null);
        }
    }

    public bool Is(ThreadCache* cache) => Atomic.Load(ref _cache) == (nuint)cache;
}
