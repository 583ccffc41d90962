namespace MagAlloc.Stress.Hammer;

/// <summary>What a heap's statistics must say when every block has been freed and no thread uses it.</summary>
internal static class HeapBooks
{
    /// <summary>One line on what does not balance, or null.</summary>
    public static string? Imbalance(HeapStatistics s)
    {
        long leaked = s.AllocatedBlocks + s.LargeBlocks;
        if (leaked != 0)
            return $"{leaked} blocks leaked: {s.AllocatedBlocks} small and {s.LargeBlocks} large are still allocated after the last free";
        long accounted = s.AllocatedBlocks + s.CachedBlocks + s.FreeBlocks;
        return accounted == s.CapacityBlocks
            ? null
            : $"the books do not balance: allocated {s.AllocatedBlocks} + cached {s.CachedBlocks} + free {s.FreeBlocks} != capacity {s.CapacityBlocks}";
    }
}
