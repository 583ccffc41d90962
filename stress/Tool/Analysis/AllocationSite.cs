namespace MagAlloc.Tool.Analysis;

/// <summary>A method that called the engine, and what it was given. The engine's own frames are left out.</summary>
/// <param name="Site">Type and method.</param>
/// <param name="Samples">How many of its allocations were sampled.</param>
/// <param name="Bytes">What they stand for.</param>
/// <param name="MostLiveBytes">
/// What of that may still be held when the trace ends, at most. Frees are in no trace. But a block of an owner that was disposed is gone, and so is one
/// whose address was handed out again; and no site holds more than the owner's last statistics have in callers' hands.
/// </param>
internal sealed record AllocationSite(string Site, long Samples, long Bytes, long MostLiveBytes)
{
    /// <summary>The heaviest first.</summary>
    public static IReadOnlyList<AllocationSite> Of(IEnumerable<AllocationStack> stacks) =>
    [
        .. stacks
            .GroupBy(stack => stack.Site)
            .Select(group => new AllocationSite(
                group.Key, group.Sum(stack => stack.Samples), group.Sum(stack => stack.Bytes), group.Sum(stack => stack.MostLiveBytes)))
            .OrderByDescending(site => site.Bytes)
            .ThenBy(site => site.Site, StringComparer.Ordinal),
    ];
}
