namespace MagAlloc;

/// <summary>What a <see cref="MagazineCache{TSource}"/> is made from. Values are checked by the cache's constructor.</summary>
public sealed class MagazineCacheOptions
{
    /// <summary>Name in exceptions. Not null.</summary>
    public string Name { get; init; } = "cache";

    /// <summary>Resources a magazine holds, 1 to 127. Default: 127, as in Linux's <c>iova.c</c>.</summary>
    public int MagazineCapacity { get; init; } = 127;

    /// <summary>Most full magazines the depot holds, 0 to 1,000,000; what is beyond goes to the source. Default: 1,024.</summary>
    public int DepotCapacity { get; init; } = 1024;

    /// <inheritdoc cref="NativeHeapOptions.ReclaimPolicy"/>
    public ReclaimPolicy ReclaimPolicy { get; init; } = ReclaimPolicy.WorkingSet;

    /// <inheritdoc cref="NativeHeapOptions.ReclaimInterval"/>
    public TimeSpan ReclaimInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc cref="NativeHeapOptions.ReclaimThreshold"/>
    public int ReclaimThreshold { get; init; } = -1;

    /// <summary>
    /// True: a background thread runs the passes. False (default): they run when the owner calls
    /// <see cref="MagazineCache{TSource}.Tick"/>.
    /// </summary>
    public bool ReclaimWorker { get; init; }

    /// <inheritdoc cref="NativeHeapOptions.Faults"/>
    public FaultPlan? Faults { get; init; }

    internal void Validate()
    {
        if (MagazineCapacity is < 1 or > 127)
        {
            throw new ArgumentOutOfRangeException(nameof(MagazineCapacity), MagazineCapacity, $"{nameof(MagazineCapacity)} must be from 1 to 127 resources.");
        }

        if (DepotCapacity is < 0 or > 1_000_000)
        {
            throw new ArgumentOutOfRangeException(nameof(DepotCapacity), DepotCapacity, $"{nameof(DepotCapacity)} must be from 0 to 1000000 magazines.");
        }

        new NativeHeapOptions
        {
            Name = Name,
            ReclaimPolicy = ReclaimPolicy,
            ReclaimInterval = ReclaimInterval,
            ReclaimThreshold = ReclaimThreshold,
        }.Validate();
    }
}
