namespace MagAlloc;

/// <summary>How memory that was freed goes back: the same for heaps, pools, caches and domains. Checked by the owner's constructor.</summary>
public sealed record ReclaimOptions
{
    /// <summary>No background thread: passes run when the owner's user calls <c>Tick</c> or <c>Trim</c>. A new object each time.</summary>
    public static ReclaimOptions Manual => new() { Worker = false };

    /// <summary>True (default): a background thread runs the passes. False: they run when somebody calls <c>Tick</c> or <c>Trim</c>.</summary>
    public bool Worker { get; set; } = true;

    /// <summary>Time between reclaim passes, 1 ms to 1 hour. Default: 100 ms, as in Linux (<c>IOVA_DEPOT_DELAY</c>).</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Which magazines a pass returns. Default: <see cref="ReclaimPolicy.WorkingSet"/>.</summary>
    public ReclaimPolicy Policy { get; set; } = ReclaimPolicy.WorkingSet;

    /// <summary>Magazines a depot keeps under <see cref="ReclaimPolicy.Flat"/>; -1 (default): the number of processors.</summary>
    public int Threshold { get; set; } = -1;

    internal int DepotThreshold => Threshold < 0 ? Environment.ProcessorCount : Threshold;

    internal void Validate()
    {
        if (!Enum.IsDefined(Policy))
        {
            throw Refusal(nameof(Policy), Policy, "Flat or WorkingSet");
        }

        if (Interval < TimeSpan.FromMilliseconds(1) || Interval > TimeSpan.FromHours(1))
        {
            throw Refusal(nameof(Interval), Interval, "from 1 ms to 1 hour");
        }

        if (Threshold < -1)
        {
            throw Refusal(nameof(Threshold), Threshold, "-1 or more magazines");
        }
    }

    // The owner's options have the property Reclaim: its user knows the value by that path.
    private static ArgumentOutOfRangeException Refusal(string name, object value, string range)
        => new($"Reclaim.{name}", value, $"Reclaim.{name} must be {range}.");
}
