namespace MagAlloc.Sharing;

/// <summary>What a <see cref="SharingMessage"/> says.</summary>
internal enum MessageKind : ushort
{
    /// <summary>Importer: the first message; its version, and whether it takes revocable buffers.</summary>
    Hello = 1,

    /// <summary>Owner, with the control page attached: the answer.</summary>
    Welcome,

    /// <summary>Owner, with a description of the buffer attached.</summary>
    Export,

    /// <summary>Importer: it has the buffer.</summary>
    Imported,

    /// <summary>Importer: it cannot have it; error number.</summary>
    Refused,

    /// <summary>Owner: the buffer is the importer's until it acknowledges.</summary>
    Frame,

    /// <summary>Importer: it is done with the frame.</summary>
    Acknowledged,

    /// <summary>Importer: it has let go of the buffer.</summary>
    LetGo,

    /// <summary>Owner: the buffer is no more.</summary>
    Revoked,

    /// <summary>Owner: the stream was stopped; frames up to this number are the owner's again.</summary>
    Stopped,

    /// <summary>Owner: it has released buffers that this importer has; the control page says which.</summary>
    Released,
}
