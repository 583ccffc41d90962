namespace MagAlloc.Stress.Iova;

/// <summary>A range that somebody holds.</summary>
/// <param name="First">The first pfn.</param>
/// <param name="Last">The last pfn, inclusive: of all that the domain set aside, rounding included.</param>
/// <param name="Size">Pfns that were asked for.</param>
/// <param name="IsFast">Got by the fast call, and to be freed by it.</param>
/// <param name="IsLow">Counts against the space below 4 GiB.</param>
internal readonly record struct LiveRange(ulong First, ulong Last, ulong Size, bool IsFast, bool IsLow)
{
    public ulong Count => Last - First + 1;
}
