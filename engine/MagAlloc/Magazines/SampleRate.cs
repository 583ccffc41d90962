using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Magazines;

/// <summary>How often a thread's allocations are sampled (<see cref="ThreadCache.SampleMean"/>), as the sessions want it.</summary>
internal static unsafe class SampleRate
{
    /// <summary>Makes a cache want what the sessions want at the moment.</summary>
    public static void Follow(ThreadCache* cache)
    {
        while (true)
        {
            long mean = MagAllocEventSource.Log.MeanBytes;
            long seen = Atomic.Load(ref cache->SampleMean);
            long wanted = mean != 0 ? mean : seen != 0 ? -1 : 0;
            if (seen != wanted && Atomic.CompareExchange(ref cache->SampleMean, wanted, seen) != seen)
            {
                continue;
            }

            // Dekker between a new cache (published, then reads the mean) and a command (writes the mean, then walks the caches).
            Atomic.Fence();
            if (MagAllocEventSource.Log.MeanBytes == mean)
            {
                return;
            }
        }
    }
}
