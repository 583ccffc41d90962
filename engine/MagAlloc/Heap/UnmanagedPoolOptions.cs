using MagAlloc.Events;

namespace MagAlloc;

/// <summary>What an <see cref="UnmanagedPool{T}"/> is made from. Values are checked by the pool's constructor.</summary>
public sealed class UnmanagedPoolOptions
{
    /// <summary>Name in exceptions and reports. Not null.</summary>
    public string Name { get; init; } = "pool";

    /// <inheritdoc cref="NativeHeapOptions.ByteLimit"/>
    public long ByteLimit { get; init; } = long.MaxValue;

    /// <inheritdoc cref="NativeHeapOptions.ContainerFraction"/>
    public double ContainerFraction { get; init; }

    /// <summary>
    /// Address space to reserve, in bytes; rounded up to 64 KiB. 0 (default): 16 GiB, or as much as the operating system
    /// grants of it with as much again left for others. Costs no memory.
    /// </summary>
    public long ReservedBytes { get; init; }

    /// <inheritdoc cref="NativeHeapOptions.Reclaim"/>
    public ReclaimOptions Reclaim { get; init; } = new();

    /// <inheritdoc cref="NativeHeapOptions.Faults"/>
    public FaultPlan? Faults { get; init; }

    /// <inheritdoc cref="NativeHeapOptions.Budget"/>
    internal CommitBudget? Budget { get; init; }

    internal NativeHeapOptions ToHeapOptions() => new()
    {
        Name = Name,
        ByteLimit = ByteLimit,
        ContainerFraction = ContainerFraction,
        Budget = Budget,
        ReservedBytes = ReservedBytes,
        Reclaim = Reclaim,
        Faults = Faults,
    };
}
