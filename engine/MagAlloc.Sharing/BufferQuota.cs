namespace MagAlloc.Sharing;

/// <summary>What a queue bounds.</summary>
public enum BufferQuota
{
    /// <summary>Live buffers (<see cref="BufferQueueOptions.MaxBuffers"/>).</summary>
    Buffers,

    /// <summary>
    /// Live buffers and released ones that are still held, revoked ones included (<see cref="BufferQueueOptions.MaxBuffers"/> and
    /// <see cref="BufferQueueOptions.MaxReleased"/> together).
    /// </summary>
    ReleasedBuffers,

    /// <summary>Bytes of live buffers (<see cref="BufferQueueOptions.ByteLimit"/>).</summary>
    LiveBytes,

    /// <summary>Bytes of live and orphaned buffers (<see cref="BufferQueueOptions.OrphanByteLimit"/>).</summary>
    OrphanedBytes,

    /// <summary>Buffers that one importer holds (<see cref="BufferQueueOptions.ImporterBuffers"/>).</summary>
    ImporterBuffers,

    /// <summary>Bytes that one importer holds (<see cref="BufferQueueOptions.ImporterBytes"/>).</summary>
    ImporterBytes,

    /// <summary>Exports that one importer has not read yet (<see cref="BufferQueueOptions.ImporterUnread"/>).</summary>
    ImporterUnread,

    /// <summary>File descriptors of this process that are kept free (<see cref="BufferQueueOptions.DescriptorHeadroom"/>).</summary>
    Descriptors,
}
