using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>Numbers engines, so that a thread can tell by one comparison whether a cache belongs to the one at hand.</summary>
internal static class EngineIds
{
    private static long s_last;

    /// <summary>A number that no other engine of this process has or will have; never 0.</summary>
    public static long Next() => Atomic.Increment(ref s_last);
}
