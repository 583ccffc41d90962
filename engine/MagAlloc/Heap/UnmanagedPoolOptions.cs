using MagAlloc.Events;

namespace MagAlloc;

/// <summary>What an <see cref="UnmanagedPool{T}"/> is made from. The pool's constructor checks the values and copies them.</summary>
public sealed record UnmanagedPoolOptions
{
    /// <summary>Name in exceptions and reports. Not null.</summary>
    public string Name { get; set; } = "pool";

    /// <inheritdoc cref="NativeHeapOptions.ByteLimit"/>
    public long ByteLimit { get; set; } = long.MaxValue;

    /// <inheritdoc cref="NativeHeapOptions.ContainerFraction"/>
    public double ContainerFraction { get; set; }

    /// <summary>
    /// Address space to reserve, in bytes; rounded up to 64 KiB. 0 (default): 16 GiB, or as much as the operating system
    /// grants of it with as much again left for others. Costs no memory.
    /// </summary>
    public long ReservedBytes { get; set; }

    /// <inheritdoc cref="NativeHeapOptions.Reclaim"/>
    public ReclaimOptions Reclaim { get; set; } = new();

    /// <inheritdoc cref="NativeHeapOptions.Faults"/>
    public FaultPlan? Faults { get; set; }

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
