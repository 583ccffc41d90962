using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <summary>The fast paths over a thread's two magazines of a class, in a cache that others may visit.</summary>
internal static unsafe class VisitedEntry
{
    /// <summary>
    /// The fast path of a bounded allocation from a cache that others may visit. Resources are first numbers + 1 of aligned
    /// runs. The caller looks at <see cref="ThreadCache.EngineId"/> once more behind it (<see cref="IovaEngine{TSource}.Settle"/>).
    /// </summary>
    /// <param name="entry">This thread's magazines of the class.</param>
    /// <param name="mask">Length of the runs - 1, a power of two - 1.</param>
    /// <param name="limit">The highest number that the run may have.</param>
    /// <param name="first">The first number of the run that was popped.</param>
    /// <param name="top">The top behind the step.</param>
    /// <returns>False when the run on top does not fit, or there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPop(CacheEntry* entry, ulong mask, ulong limit, out nuint first, out nuint* top)
    {
        top = entry->Loaded;
        nuint resource = *top;
        first = resource - 1;
        if (resource == 0 || (first | mask) > limit)
        {
            return false;
        }

        // Behind the load of the slot, so that a visitor who sees the new top has not taken what was popped.
        Atomic.Store(ref *(nuint*)&entry->Loaded, (nuint)(--top));
        return true;
    }

    /// <summary>
    /// The fast path of a free into a cache that others may visit. The caller looks at <see cref="ThreadCache.EngineId"/> once more
    /// behind it (<see cref="IovaEngine{TSource}.Settle"/>).
    /// </summary>
    /// <param name="entry">This thread's magazines of the class.</param>
    /// <param name="resource">What is pushed.</param>
    /// <param name="top">The top behind the step.</param>
    /// <returns>False when there is no room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPush(CacheEntry* entry, nuint resource, out nuint* top)
    {
        nuint** previous = &entry->Previous;
        top = *previous + 1;
        if (Magazine.IsEnd(top))
        {
            return false;
        }

        // The slot first: a visitor who sees the new top copies it.
        *top = resource;
        Atomic.Store(ref *(nuint*)previous, (nuint)top);
        return true;
    }
}
