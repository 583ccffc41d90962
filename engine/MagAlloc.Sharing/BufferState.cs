namespace MagAlloc.Sharing;

/// <summary>Where a live buffer is: the states of videobuf2.</summary>
public enum BufferState
{
    /// <summary>With the owner.</summary>
    Dequeued,

    /// <summary>Waiting: the stream is off, no importer has it, or those that have it have no room for the frame yet.</summary>
    Queued,

    /// <summary>With importers: handed over, and not acknowledged by all of them.</summary>
    Active,

    /// <summary>Acknowledged, or skipped; to be dequeued.</summary>
    Done,

    /// <summary>An importer died or was disconnected before it acknowledged; to be dequeued.</summary>
    Error,
}
