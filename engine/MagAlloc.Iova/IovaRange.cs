namespace MagAlloc.Iova;

/// <summary>A range of page-frame numbers (pfns), both ends included. An address divided by the granule is its pfn.</summary>
/// <param name="First">The lowest pfn.</param>
/// <param name="Last">The highest pfn; not below <paramref name="First"/>.</param>
public readonly record struct IovaRange(ulong First, ulong Last)
{
    /// <summary>Pfns in the range. 0 stands for 2^64, which no domain holds.</summary>
    public ulong Count => Last - First + 1;

    /// <summary>Whether a pfn lies in the range.</summary>
    /// <param name="pfn">Any pfn.</param>
    public bool Contains(ulong pfn) => pfn >= First && pfn <= Last;

    /// <summary>Whether the two ranges have a pfn in common.</summary>
    /// <param name="other">Another range.</param>
    public bool Overlaps(IovaRange other) => First <= other.Last && other.First <= Last;
}
