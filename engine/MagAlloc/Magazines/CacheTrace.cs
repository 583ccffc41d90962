using System.Runtime.InteropServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>What a thread's cache keeps aside while somebody listens. Behind this header follow the classes, one for each code.</summary>
/// <remarks>Apart from the cache, so that caches of programs that nobody watches are not larger for it.</remarks>
internal unsafe struct CacheTrace
{
    /// <summary>The beat of the clock at the last exchange. Written by the cache's owner.</summary>
    public int Beat;

    public int Codes;

    /// <summary>Mean bytes between two samples that the classes' countdowns are drawn for; 0: none are.</summary>
    public long Mean;

    /// <summary>State of the generator that draws them.</summary>
    public ulong Seed;

    /// <summary>Bytes that may pass by the magazines until one of them is sampled.</summary>
    public double BytesLeft;

    public static ClassTrace* Class(CacheTrace* trace, int code) => (ClassTrace*)(trace + 1) + (uint)code;

    /// <summary>The cache's trace, made on first use by the cache's owner, or by whoever drains it.</summary>
    /// <returns>Null when there is no memory for one.</returns>
    public static CacheTrace* Of(ThreadCache* cache, int beat)
    {
        CacheTrace* trace = cache->Trace;
        if (trace != null)
        {
            return trace;
        }

        try
        {
            trace = (CacheTrace*)NativeMemory.AllocZeroed((nuint)(sizeof(CacheTrace) + (cache->Codes * sizeof(ClassTrace))));
        }
        catch (OutOfMemoryException)
        {
            return null;
        }

        trace->Beat = beat;
        trace->Codes = cache->Codes;
        HandOver(trace, cache->Owner);

        // Publishes the zeroes to whoever tells of threads that do not come by.
        Atomic.Store(ref *(nuint*)&cache->Trace, (nuint)trace);
        return trace;
    }

    /// <summary>The trace as a thread reads it that does not own the cache; null when there is none.</summary>
    public static CacheTrace* Look(ThreadCache* cache) => (CacheTrace*)Atomic.Load(ref *(nuint*)&cache->Trace);

    /// <summary>Whether there are exchanges that nobody has told of.</summary>
    public static bool HasUntold(CacheTrace* trace)
    {
        for (int code = 1; code < trace->Codes; code++)
        {
            if (Class(trace, code)->HasUntold)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is counted from now on is another thread's. By the cache's new owner, when nothing is untold.</summary>
    public static void HandOver(CacheTrace* trace, uint thread)
    {
        for (int code = 1; code < trace->Codes; code++)
        {
            Class(trace, code)->HandOver(thread);
        }
    }

    /// <summary>Frees the trace of a cache that nobody reads any more.</summary>
    public static void Free(ThreadCache* cache)
    {
        NativeMemory.Free(cache->Trace);
        cache->Trace = null;
    }
}
