namespace MagAlloc.Sharing;

/// <summary>Why an importer is not connected any more.</summary>
public enum ImporterEnd
{
    /// <summary>It is.</summary>
    None,

    /// <summary>It closed the connection, or died.</summary>
    Left,

    /// <summary>The owner disconnected it (<see cref="BufferPeer.Disconnect"/>).</summary>
    Disconnected,

    /// <summary>It had frames, and acknowledged none for <see cref="BufferQueueOptions.AcknowledgeTimeout"/>.</summary>
    Silent,

    /// <summary>It did not read what was sent to it until there was no room for more.</summary>
    Unread,

    /// <summary>It sent what no importer may send.</summary>
    Misuse,

    /// <summary>The queue has ended.</summary>
    QueueEnded,
}
