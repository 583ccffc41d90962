namespace MagAlloc;

/// <summary>Where a live buffer is: the states of videobuf2.</summary>
public enum BufferState
{
    /// <summary>With the owner.</summary>
    Dequeued,

    /// <summary>Waiting: the stream is off, or no importer has it.</summary>
    Queued,

    /// <summary>With importers: handed over, and not acknowledged by all of them.</summary>
    Active,

    /// <summary>Acknowledged; to be dequeued.</summary>
    Done,

    /// <summary>An importer died or was disconnected before it acknowledged; to be dequeued.</summary>
    Error,
}
