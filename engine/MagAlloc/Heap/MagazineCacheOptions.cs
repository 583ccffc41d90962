namespace MagAlloc;

/// <summary>What a <see cref="MagazineCache{TSource}"/> is made from. The cache's constructor checks the values and copies them.</summary>
public sealed record MagazineCacheOptions
{
    /// <summary>Name in exceptions. Not null.</summary>
    public string Name { get; set; } = "cache";

    /// <summary>Resources a magazine holds, 1 to 127. Default: 127, as in Linux's <c>iova.c</c>.</summary>
    public int MagazineCapacity { get; set; } = 127;

    /// <summary>Most full magazines the depot holds, 0 to 1,000,000; what is beyond goes to the source. Default: 1,024.</summary>
    public int DepotCapacity { get; set; } = 1024;

    /// <summary>
    /// How cached resources go back to the source. Default: <see cref="ReclaimOptions.Manual"/>, for a worker would call the source on a
    /// thread of its own. Not null.
    /// </summary>
    public ReclaimOptions Reclaim { get; set; } = ReclaimOptions.Manual;

    /// <inheritdoc cref="NativeHeapOptions.Faults"/>
    public FaultPlan? Faults { get; set; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Name);
        ArgumentNullException.ThrowIfNull(Reclaim);
        Reclaim.Validate();
        if (MagazineCapacity is < 1 or > 127)
        {
            throw new ArgumentOutOfRangeException(nameof(MagazineCapacity), MagazineCapacity, $"{nameof(MagazineCapacity)} must be from 1 to 127 resources.");
        }

        if (DepotCapacity is < 0 or > 1_000_000)
        {
            throw new ArgumentOutOfRangeException(nameof(DepotCapacity), DepotCapacity, $"{nameof(DepotCapacity)} must be from 0 to 1000000 magazines.");
        }
    }
}
