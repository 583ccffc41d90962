using MagAlloc.Events;

namespace MagAlloc.Sharing;

/// <summary>What a <see cref="BufferQueue"/> is made from. Values are checked by the queue's constructor.</summary>
public sealed record BufferQueueOptions
{
    /// <summary>Upper bound of <see cref="MaxBuffers"/> and <see cref="MaxReleased"/>: the index bits of videobuf2.</summary>
    public const int MostBuffers = 1 << 15;

    /// <summary>Name in exceptions, events and, as <c>memfd:NAME</c>, in <c>/proc/PID/maps</c> of all processes that map a buffer. Not null.</summary>
    public string Name { get; set; } = "buffers";

    /// <summary>Live buffers at most, 1 to <see cref="MostBuffers"/>. Default: 32, <c>VB2_MAX_FRAME</c>.</summary>
    public int MaxBuffers { get; set; } = 32;

    /// <summary>Requests for fewer are rounded up to so many, 1 to <see cref="MaxBuffers"/> (<c>min_reqbufs_allocation</c>). Default: 1.</summary>
    public int MinBuffers { get; set; } = 1;

    /// <summary>
    /// Released buffers that may still be held beside <see cref="MaxBuffers"/>, orphans and revoked ones together, 0 to <see cref="MostBuffers"/>. Each
    /// costs two descriptors. A new buffer is refused when, with it, live and released ones would be more than both together. Default: 64.
    /// </summary>
    public int MaxReleased { get; set; } = 64;

    /// <summary>Buffers that must exist before the stream can start, 0 to <see cref="MaxBuffers"/> (<c>min_queued_buffers</c>). Default: 0.</summary>
    public int MinQueued { get; set; }

    /// <summary>Bytes of live buffers at most; at least one page. Default: 1 GiB.</summary>
    public long ByteLimit { get; set; } = 1L << 30;

    /// <summary>
    /// Bytes of live and orphaned buffers together at most, at least <see cref="ByteLimit"/>. Checked when buffers are made, never when they are
    /// released. -1 (default): as <see cref="ByteLimit"/>.
    /// </summary>
    public long OrphanByteLimit { get; set; } = -1;

    /// <summary>Buffers that one importer may hold. -1 (default): all.</summary>
    public int ImporterBuffers { get; set; } = -1;

    /// <summary>Bytes that one importer may hold. -1 (default): as <see cref="OrphanByteLimit"/>.</summary>
    public long ImporterBytes { get; set; } = -1;

    /// <summary>Exports that may wait in an importer's socket, 1 to 200: descriptors on their way count against the user's limit. Default: 64.</summary>
    public int ImporterUnread { get; set; } = 64;

    /// <summary>Descriptors of this process that buffers leave free, 0 or more. Default: 64.</summary>
    public int DescriptorHeadroom { get; set; } = 64;

    /// <summary>What becomes of orphans when a quota is short. Default: <see cref="MagAlloc.Sharing.OrphanPolicy.Keep"/>.</summary>
    public OrphanPolicy OrphanPolicy { get; set; } = OrphanPolicy.Keep;

    /// <summary>Orphans are revoked after so long. Default: never.</summary>
    public TimeSpan OrphanTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// An importer that has frames and acknowledges none for so long is disconnected: its frames come back as errors, and the stream goes on for the others. From 1 ms, or
    /// infinite: never. Default: 5 s. Mind it when an importer stands in a debugger.
    /// </summary>
    public TimeSpan AcknowledgeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What <see cref="BufferQueue.Dispose"/> does with held buffers: <see cref="ReleaseMode.Revoke"/> (default) or
    /// <see cref="ReleaseMode.Orphan"/>. Behind the last handle's disposal orphans are not counted any more.
    /// </summary>
    public ReleaseMode DisposeMode { get; set; } = ReleaseMode.Revoke;

    /// <summary>True: a release while the stream is on stops it. False (default): it is refused as busy.</summary>
    public bool ImplicitStop { get; set; }

    /// <summary>True: buffers may be exported for writing. False (default): for reading only.</summary>
    public bool WritableExports { get; set; }

    /// <summary>
    /// True: <see cref="BufferProfile.Revocable"/> buffers may be exported to processes of this user and of root as well. Such a process can
    /// open the file for writing and cut it off, and the next touch here is then the end of this process.
    /// </summary>
    public bool TrustImporters { get; set; }

    /// <summary>
    /// How long <see cref="BufferQueue.TryDequeue"/> and importers look before they sleep, 0 to 1 ms. To be woken costs some 50 µs on an
    /// idle machine; to look costs a processor. Default: 20 µs where there is more than one processor.
    /// </summary>
    public TimeSpan Spin { get; set; } = Environment.ProcessorCount > 1 ? TimeSpan.FromMicroseconds(20) : TimeSpan.Zero;

    /// <summary>Which fallible steps fail on purpose; null (default): none.</summary>
    public FaultPlan? Faults { get; set; }

    /// <summary>Where memory is claimed from; null: from the machine.</summary>
    internal CommitBudget? Budget { get; init; }

    internal long OrphanBytes => OrphanByteLimit < 0 ? ByteLimit : OrphanByteLimit;

    internal int BuffersOfImporter => ImporterBuffers < 0 ? MaxBuffers + MaxReleased : ImporterBuffers;

    internal long BytesOfImporter => ImporterBytes < 0 ? OrphanBytes : ImporterBytes;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Name);
        RequireWithin(nameof(MaxBuffers), MaxBuffers, 1, MostBuffers);
        RequireWithin(nameof(MinBuffers), MinBuffers, 1, MaxBuffers);
        RequireWithin(nameof(MaxReleased), MaxReleased, 0, MostBuffers);
        RequireWithin(nameof(MinQueued), MinQueued, 0, MaxBuffers);
        RequireWithin(nameof(ByteLimit), ByteLimit, Environment.SystemPageSize, long.MaxValue);
        RequireOrDefault(nameof(OrphanByteLimit), OrphanByteLimit, ByteLimit, long.MaxValue);
        RequireOrDefault(nameof(ImporterBuffers), ImporterBuffers, 0, int.MaxValue);
        RequireOrDefault(nameof(ImporterBytes), ImporterBytes, 0, long.MaxValue);
        RequireWithin(nameof(ImporterUnread), ImporterUnread, 1, 200);
        RequireWithin(nameof(DescriptorHeadroom), DescriptorHeadroom, 0, int.MaxValue);
        if (!Enum.IsDefined(OrphanPolicy))
        {
            throw new ArgumentOutOfRangeException(nameof(OrphanPolicy), OrphanPolicy, $"{nameof(OrphanPolicy)} must be Keep or RevokeOldest.");
        }

        if (DisposeMode is not (ReleaseMode.Orphan or ReleaseMode.Revoke))
        {
            throw new ArgumentOutOfRangeException(nameof(DisposeMode), DisposeMode, $"{nameof(DisposeMode)} must be Orphan or Revoke.");
        }

        if (OrphanTimeout < TimeSpan.Zero && OrphanTimeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(OrphanTimeout), OrphanTimeout, $"{nameof(OrphanTimeout)} must not be negative, or be infinite.");
        }

        if (AcknowledgeTimeout < TimeSpan.FromMilliseconds(1) && AcknowledgeTimeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(AcknowledgeTimeout), AcknowledgeTimeout, $"{nameof(AcknowledgeTimeout)} must be at least 1 ms, or infinite.");
        }

        if (Spin < TimeSpan.Zero || Spin > TimeSpan.FromMilliseconds(1))
        {
            throw new ArgumentOutOfRangeException(nameof(Spin), Spin, $"{nameof(Spin)} must be from 0 to 1 ms.");
        }
    }

    private static void RequireWithin(string name, long value, long least, long most)
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most}.");
        }
    }

    private static void RequireOrDefault(string name, long value, long least, long most)
    {
        if (value != -1 && (value < least || value > most))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most}, or -1.");
        }
    }
}
