namespace MagAlloc.Sharing;

/// <summary>What a <see cref="BufferImporter"/> is made from. Values are checked when it connects.</summary>
public sealed record BufferImporterOptions
{
    /// <summary>Name in exceptions. Not null.</summary>
    public string Name { get; set; } = "importer";

    /// <summary>
    /// True: announces that <see cref="BufferProfile.Revocable"/> buffers are welcome, which are read by guarded copies only. False (default):
    /// the owner is refused when it exports one to this importer.
    /// </summary>
    public bool AcceptRevocable { get; set; }

    /// <summary>
    /// False (default): buffers that the owner has released or revoked are let go of while receiving, once their frames are acknowledged and nothing has them pinned. Those that
    /// <see cref="BufferImporter.TryImport"/> returned are the caller's to dispose. True: all stay mapped until they are disposed.
    /// </summary>
    public bool KeepReleased { get; set; }

    /// <summary>How long the owner may take to answer. Default: 5 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>As <see cref="BufferQueueOptions.Spin"/>.</summary>
    public TimeSpan Spin { get; set; } = Environment.ProcessorCount > 1 ? TimeSpan.FromMicroseconds(20) : TimeSpan.Zero;

    /// <summary>Which fallible steps fail on purpose; null (default): none.</summary>
    public FaultPlan? Faults { get; set; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Name);
        if (ConnectTimeout <= TimeSpan.Zero || ConnectTimeout.TotalMilliseconds > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(ConnectTimeout), ConnectTimeout, $"{nameof(ConnectTimeout)} must be positive, and at most {int.MaxValue} ms.");
        }

        if (Spin < TimeSpan.Zero || Spin > TimeSpan.FromMilliseconds(1))
        {
            throw new ArgumentOutOfRangeException(nameof(Spin), Spin, $"{nameof(Spin)} must be from 0 to 1 ms.");
        }
    }
}
