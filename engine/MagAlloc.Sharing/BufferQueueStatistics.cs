namespace MagAlloc.Sharing;

/// <summary>The books of a <see cref="BufferQueue"/>. Bytes are of whole pages.</summary>
public readonly record struct BufferQueueStatistics
{
    /// <summary>How the queue knows which process holds what.</summary>
    public BufferTracking Tracking { get; internal init; }

    /// <summary>Buffers that have an index.</summary>
    public int LiveBuffers { get; internal init; }

    /// <summary>Their bytes.</summary>
    public long LiveBytes { get; internal init; }

    /// <summary>Released buffers that are held, with their pages.</summary>
    public int OrphanedBuffers { get; internal init; }

    /// <summary>Their bytes.</summary>
    public long OrphanedBytes { get; internal init; }

    /// <summary>Revoked buffers that are held: without pages, but with descriptors.</summary>
    public int RevokedBuffers { get; internal init; }

    /// <summary>The most that live and orphaned buffers were together, in bytes.</summary>
    public long PeakBytes { get; internal init; }

    /// <summary>Connected importers.</summary>
    public int Importers { get; internal init; }

    /// <summary>Dma-bufs over buffers that a descriptor or a driver has, as of the last look at the kernel: at each export, and once a second of released
    /// buffers.</summary>
    public int DmaBufs { get; internal init; }

    /// <summary>Exports so far, dma-bufs included.</summary>
    public long Exports { get; internal init; }

    /// <summary>Frames handed to an importer so far; one for each that got it.</summary>
    public long HandOvers { get; internal init; }

    /// <summary>Frames acknowledged by an importer so far.</summary>
    public long Acknowledgements { get; internal init; }

    /// <summary>Acknowledgements of frames that were not with that importer (any more).</summary>
    public long StaleAcknowledgements { get; internal init; }

    /// <summary>Released buffers that became orphans so far.</summary>
    public long Orphans { get; internal init; }

    /// <summary>Buffers whose pages were dropped while they were held so far.</summary>
    public long Revocations { get; internal init; }

    /// <summary>Times that a holder brought pages of a revoked buffer back, and they were dropped again.</summary>
    public long Reinflations { get; internal init; }

    /// <summary>Orphans, revoked ones included, that are proved to be gone, or, where the system refused to say, said to be.</summary>
    public long Reclaims { get; internal init; }

    /// <summary>The longest time from a release to the proof, of buffers that were held. Importers decide it, short of a revocation.</summary>
    public TimeSpan LongestReclaim { get; internal init; }

    /// <summary>Requests refused for a quota.</summary>
    public long QuotaRefusals { get; internal init; }

    /// <summary>Importers that said they had let go of a buffer that was still held.</summary>
    public long FalseReleases { get; internal init; }

    /// <summary>
    /// Buffers of which an importer said that it has them while the kernel knew of no holder: it has closed them and does not say so, or was sent this process's own
    /// description, which would be a defect here. From then on a claim counts although the kernel sees no holder; the holders that the kernel sees count as before.
    /// </summary>
    public long UntrackedExports { get; internal init; }

    /// <summary>Messages that no importer may send; each ended its connection.</summary>
    public long Misuses { get; internal init; }

    /// <summary>Frames that went back to the owner without having been anybody's (<see cref="CompletedBuffer.IsSkipped"/>).</summary>
    public long SkippedFrames { get; internal init; }

    /// <summary>Importers that were disconnected because they had frames and acknowledged none for <see cref="BufferQueueOptions.AcknowledgeTimeout"/>.</summary>
    public long SilentImporters { get; internal init; }

    /// <summary>Faults that the plan injected.</summary>
    public long InjectedFaults { get; internal init; }
}
