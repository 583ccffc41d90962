using System.Globalization;
using MagAlloc.Events;

namespace MagAlloc;

/// <summary>What a <see cref="NativeHeap"/> is made from. The heap's constructor checks the values and copies them.</summary>
public sealed record NativeHeapOptions
{
    /// <summary>Smallest legal <see cref="ByteLimit"/>: 1 MiB.</summary>
    public const long MinimumByteLimit = 1024 * 1024;

    /// <summary>Smallest legal <see cref="ReservedBytes"/>: 4 MiB.</summary>
    public const long MinimumReservedBytes = 4 * 1024 * 1024;

    /// <summary>Largest legal <see cref="ReservedBytes"/>: 16 TiB.</summary>
    public const long MaximumReservedBytes = 16L * 1024 * 1024 * 1024 * 1024;

    /// <summary>Name in exceptions, reports and traces. Not null.</summary>
    public string Name { get; set; } = "heap";

    /// <summary>Most bytes the heap may have committed, its metadata included; at least <see cref="MinimumByteLimit"/>. Default: no limit.</summary>
    public long ByteLimit { get; set; } = long.MaxValue;

    /// <summary>
    /// Takes the byte limit from the container: this share, from 0 to 1, of the least memory limit that is set on the process's control groups (<c>memory.max</c>,
    /// <c>memory.high</c>, version 1's <c>memory.limit_in_bytes</c>), or, where none is, of the machine's memory; at least <see cref="MinimumByteLimit"/>, and no more than
    /// <see cref="ByteLimit"/>. Read once, when the heap is made. 0 (default): not, unless the runtime's configuration property <c>MagAlloc.HeapLimitPercent</c> (1 to
    /// 100) says so for the heaps and pools of the process whose <see cref="ByteLimit"/> is left alone, the shared one included.
    /// </summary>
    public double ContainerFraction { get; set; }

    /// <summary>
    /// Address space to reserve, in bytes; rounded up to 64 KiB. 0 (default): 256 GiB, or as much as the operating system
    /// grants of it with as much again left for others. Costs no memory.
    /// </summary>
    public long ReservedBytes { get; set; }

    /// <summary>How memory that was freed goes back. Default: a background thread, a pass each 100 ms. Not null.</summary>
    public ReclaimOptions Reclaim { get; set; } = new();

    /// <summary>What is checked. Default: <see cref="CheckLevel.None"/>.</summary>
    public CheckLevel Checks { get; set; } = CheckLevel.None;

    /// <summary>Which fallible steps fail on purpose; null (default): none.</summary>
    public FaultPlan? Faults { get; set; }

    /// <summary>Where memory is claimed from; null: from the machine.</summary>
    internal CommitBudget? Budget { get; init; }

    /// <summary>The lower of both limits.</summary>
    /// <exception cref="InvalidOperationException">The configuration property is no percentage.</exception>
    internal long EffectiveByteLimit()
    {
        double fraction = ContainerFraction == 0 && ByteLimit == long.MaxValue ? ConfiguredFraction() : ContainerFraction;
        long container = fraction == 0 ? 0 : (Budget ?? CommitBudget.Instance).Memory.ContainerBytes();
        return container == 0 ? ByteLimit : Math.Min(ByteLimit, Math.Max(MinimumByteLimit, (long)(container * fraction)));
    }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Name);
        ArgumentNullException.ThrowIfNull(Reclaim);
        Reclaim.Validate();
        if (ByteLimit < MinimumByteLimit)
        {
            throw new ArgumentOutOfRangeException(nameof(ByteLimit), ByteLimit, $"{nameof(ByteLimit)} must be at least {MinimumByteLimit} bytes.");
        }

        // Written so that NaN is refused too.
        if (!(ContainerFraction >= 0 && ContainerFraction <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(ContainerFraction), ContainerFraction, $"{nameof(ContainerFraction)} must be from 0 (not used) to 1.");
        }

        if (ReservedBytes != 0 && ReservedBytes is < MinimumReservedBytes or > MaximumReservedBytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(ReservedBytes), ReservedBytes, $"{nameof(ReservedBytes)} must be 0 or from {MinimumReservedBytes} to {MaximumReservedBytes} bytes.");
        }

        if (!Enum.IsDefined(Checks))
        {
            throw new ArgumentOutOfRangeException(nameof(Checks), Checks, $"{nameof(Checks)} must be None, Basic or Full.");
        }
    }

    private static double ConfiguredFraction()
    {
        const string Property = "MagAlloc.HeapLimitPercent";
        string? text = Convert.ToString(AppContext.GetData(Property), CultureInfo.InvariantCulture);
        if (string.IsNullOrEmpty(text))
        {
            return 0;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double percent) && percent > 0 && percent <= 100
            ? percent / 100
            : throw new InvalidOperationException($"The configuration property {Property} is '{text}': it must be a number above 0 and up to 100.");
    }
}
