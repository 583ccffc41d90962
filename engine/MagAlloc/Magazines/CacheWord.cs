namespace MagAlloc.Magazines;

/// <summary>What <see cref="ThreadCache.EngineId"/> says besides an engine's number and 0. Which state is whose: docs/proofs/visits.md.</summary>
internal static class CacheWord
{
    /// <summary>The owner is in a slow step, or a party owns the cache of a dead thread. The sign bit of all others here.</summary>
    public const long Inside = long.MinValue;

    /// <summary>What the cache held is a visitor's.</summary>
    public const long Taken = 1L << 62;

    public static bool IsTaken(long word) => word < 0 && (word & Taken) != 0;
}
