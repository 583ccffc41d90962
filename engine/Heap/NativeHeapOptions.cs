namespace MagAlloc;

/// <summary>What a <see cref="NativeHeap"/> is made from. Values are checked by the heap's constructor.</summary>
public sealed class NativeHeapOptions
{
    /// <summary>Smallest legal <see cref="ByteLimit"/>: 1 MiB.</summary>
    public const long MinimumByteLimit = 1024 * 1024;

    /// <summary>Smallest legal <see cref="ReservedBytes"/>: 4 MiB.</summary>
    public const long MinimumReservedBytes = 4 * 1024 * 1024;

    /// <summary>Largest legal <see cref="ReservedBytes"/>: 16 TiB.</summary>
    public const long MaximumReservedBytes = 16L * 1024 * 1024 * 1024 * 1024;

    /// <summary>Name in exceptions, reports and traces. Not null.</summary>
    public string Name { get; init; } = "heap";

    /// <summary>
    /// Most bytes the heap may have committed, its metadata included; at least <see cref="MinimumByteLimit"/>. Default: no
    /// limit.
    /// </summary>
    public long ByteLimit { get; init; } = long.MaxValue;

    /// <summary>
    /// Address space to reserve, in bytes; rounded up to 64 KiB. 0 (default): 256 GiB, or as much as the operating system
    /// grants of it with as much again left for others. Costs no memory.
    /// </summary>
    public long ReservedBytes { get; init; }

    /// <summary>Which magazines a reclaim pass returns. Default: <see cref="MagAlloc.ReclaimPolicy.WorkingSet"/>.</summary>
    public ReclaimPolicy ReclaimPolicy { get; init; } = ReclaimPolicy.WorkingSet;

    /// <summary>Time between reclaim passes, 1 ms to 1 hour. Default: 100 ms, as in Linux.</summary>
    public TimeSpan ReclaimInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Magazines a depot keeps under <see cref="MagAlloc.ReclaimPolicy.Flat"/>; -1 (default): the number of processors.
    /// </summary>
    public int ReclaimThreshold { get; init; } = -1;

    /// <summary>
    /// True (default): a background thread runs the passes. False: they run when the owner calls
    /// <see cref="NativeHeap.Tick"/> or <see cref="NativeHeap.Trim"/>.
    /// </summary>
    public bool ReclaimWorker { get; init; } = true;

    /// <summary>What is checked. Default: <see cref="CheckLevel.None"/>.</summary>
    public CheckLevel Checks { get; init; } = CheckLevel.None;

    /// <summary>Which fallible steps fail on purpose; null (default): none.</summary>
    public FaultPlan? Faults { get; init; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Name);
        if (ByteLimit < MinimumByteLimit)
        {
            throw new ArgumentOutOfRangeException(nameof(ByteLimit), ByteLimit, $"{nameof(ByteLimit)} must be at least {MinimumByteLimit} bytes.");
        }

        if (ReservedBytes != 0 && ReservedBytes is < MinimumReservedBytes or > MaximumReservedBytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(ReservedBytes), ReservedBytes, $"{nameof(ReservedBytes)} must be 0 or from {MinimumReservedBytes} to {MaximumReservedBytes} bytes.");
        }

        if (!Enum.IsDefined(ReclaimPolicy))
        {
            throw new ArgumentOutOfRangeException(nameof(ReclaimPolicy), ReclaimPolicy, $"{nameof(ReclaimPolicy)} must be Flat or WorkingSet.");
        }

        if (ReclaimInterval < TimeSpan.FromMilliseconds(1) || ReclaimInterval > TimeSpan.FromHours(1))
        {
            throw new ArgumentOutOfRangeException(nameof(ReclaimInterval), ReclaimInterval, $"{nameof(ReclaimInterval)} must be from 1 ms to 1 hour.");
        }

        if (ReclaimThreshold < -1)
        {
            throw new ArgumentOutOfRangeException(nameof(ReclaimThreshold), ReclaimThreshold, $"{nameof(ReclaimThreshold)} must be -1 or more magazines.");
        }

        if (!Enum.IsDefined(Checks))
        {
            throw new ArgumentOutOfRangeException(nameof(Checks), Checks, $"{nameof(Checks)} must be None, Basic or Full.");
        }
    }
}
