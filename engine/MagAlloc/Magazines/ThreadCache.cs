using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Platform;

namespace MagAlloc.Magazines;

/// <summary>One thread's magazines in one engine. Native memory, 128-byte aligned, used by its owner alone.</summary>
/// <remarks>
/// <para>Behind this header follow the entries, one for each code, then the refill sizes, a byte for each code. Code 0 and
/// the codes above the classes have entries that are for ever empty and full, so that a pointer of no class, or of a class
/// that is not cached, needs no test of its own on the fast path.</para>
/// <para>Other threads read the tops and counters for statistics, and the header when the owner is dead; they follow no top
/// of a living owner.</para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = HeaderBytes)]
internal unsafe struct ThreadCache
{
    public const int HeaderBytes = 128;

    /// <summary>
    /// The engine that this cache belongs to; 0 while it belongs to none; negative while the fast path must not be taken:
    /// see <see cref="IMagazineSource.IsVisited"/>.
    /// </summary>
    [FieldOffset(0)]
    public long EngineId;

    /// <summary>Always 0: what the top of an entry without a loaded magazine points at.</summary>
    [FieldOffset(8)]
    public nuint NoneEmpty;

    /// <summary>Not 0 while the owner is inside an operation that must not be interrupted by a drain.</summary>
    [FieldOffset(16)]
    public int Busy;

    /// <summary>Handles of the owner that keep this cache from being recycled.</summary>
    [FieldOffset(20)]
    public int Pins;

    /// <summary>The last request to flush that the owner has answered.</summary>
    [FieldOffset(24)]
    public int FlushEpoch;

    [FieldOffset(28)]
    public ushort Codes;

    /// <summary>
    /// Not 0 while the owner is inside a slow operation. A user's constructor, source or event handler may call back into
    /// the engine from there: the magazine that is being filled or emptied is out of sight of such a nested call, and its slow
    /// steps pass the magazines by.
    /// </summary>
    [FieldOffset(56)]
    public int Slow;

    /// <summary>The operating system's number of the owner (<see cref="OsThread"/>). Written by each owner before its first operation.</summary>
    [FieldOffset(60)]
    public uint Owner;

    [FieldOffset(32)]
    public long DepotExchanges;

    [FieldOffset(40)]
    public long SourceRefills;

    [FieldOffset(48)]
    public long SourceReturns;

    /// <summary>Bounded requests that a resource in the thread's own magazines met, though not the one on top.</summary>
    [FieldOffset(64)]
    public long LimitHits;

    /// <summary>Bounded requests that a magazine out of the depot met.</summary>
    [FieldOffset(72)]
    public long LimitDepotHits;

    /// <summary>Bounded requests that no magazine within reach met, so that the source was asked.</summary>
    [FieldOffset(80)]
    public long LimitMisses;

    /// <summary>Times that another thread emptied this cache. Written by whoever owns the cache then.</summary>
    [FieldOffset(88)]
    public long Visits;

    /// <summary>Allocations that went past the magazines because their size is not cached.</summary>
    [FieldOffset(96)]
    public long Uncached;

    /// <summary>What is kept aside while somebody listens; null until then. Written by the owner, freed with the cache.</summary>
    [FieldOffset(104)]
    public CacheTrace* Trace;

    /// <summary>The part of <see cref="DepotExchanges"/> in which this thread took a magazine.</summary>
    [FieldOffset(112)]
    public long DepotHits;

    /// <summary>
    /// Mean bytes between two samples of this thread's allocations; 0: none are taken; negative: none shall be taken any more.
    /// Written by whoever begins or ends a session, and by the owner when it has put everything back
    /// (<see cref="MagazineEngine{TSource}.FollowSessions"/>).
    /// </summary>
    [FieldOffset(120)]
    public long SampleMean;

    /// <summary>Bytes of a cache with the given number of codes.</summary>
    public static nuint BytesFor(int codes)
        => (nuint)(HeaderBytes + (codes * sizeof(CacheEntry)) + codes + HeaderBytes - 1) & ~(nuint)(HeaderBytes - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CacheEntry* Entry(ThreadCache* cache, int code)
    {
        // Unsigned: to extend a code by zeros costs no instruction.
        return (CacheEntry*)((byte*)cache + HeaderBytes) + (uint)code;
    }

    /// <summary>Whether a top of a loaded magazine is one, and does not stand for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReal(ThreadCache* cache, nuint* loaded) => loaded != &cache->NoneEmpty;

    /// <summary>The fast path of an allocation: pops from the loaded magazine.</summary>
    /// <returns>False when it is empty.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPop(ThreadCache* cache, int code, out nuint resource)
    {
        CacheEntry* entry = Entry(cache, code);
        nuint* top = entry->Loaded;
        resource = *top;
        if (resource == 0)
        {
            return false;
        }

        entry->Loaded = top - 1;
        return true;
    }

    /// <summary>
    /// Pops from the previous magazine: for classes with so few blocks in one that changing places would come at every other
    /// operation.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPopPrevious(ThreadCache* cache, int code, out nuint resource)
    {
        CacheEntry* entry = Entry(cache, code);
        nuint* top = entry->Previous;
        resource = top != Magazine.NoneFull ? *top : 0;
        if (resource == 0)
        {
            return false;
        }

        entry->Previous = top - 1;
        return true;
    }

    /// <summary>The fast path of a free: pushes onto the previous magazine.</summary>
    /// <returns>False when it is full.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush(ThreadCache* cache, int code, nuint resource)
    {
        CacheEntry* entry = Entry(cache, code);

        // The next top is needed anyway: asking it, not the top, for the end saves an instruction.
        nuint* top = entry->Previous + 1;
        if (Magazine.IsEnd(top))
        {
            return false;
        }

        entry->Previous = top;
        *top = resource;
        return true;
    }

    /// <summary>How many resources the next refill of a class asks its source for.</summary>
    public static byte* RefillSize(ThreadCache* cache, int code)
        => (byte*)Entry(cache, cache->Codes) + code;

    /// <summary>Makes fresh memory a cache without magazines.</summary>
    public static void Initialize(ThreadCache* cache, long engineId, int codes)
    {
        NativeMemory.Clear(cache, BytesFor(codes));
        cache->Codes = (ushort)codes;
        cache->Owner = OsThread.CurrentId;
        for (int code = 0; code < codes; code++)
        {
            *Entry(cache, code) = new CacheEntry { Loaded = &cache->NoneEmpty, Previous = Magazine.NoneFull };
        }

        cache->EngineId = engineId;
    }
}
