namespace MagAlloc.Stress.Sharing;

/// <summary>What an importer does that an owner should not have to trust.</summary>
internal enum RogueKind
{
    /// <summary>Maps everything, never lets go nor acknowledges, and touches revoked pages to bring them back.</summary>
    Hold,

    /// <summary>Reads a revocable buffer through its mapping, though it announced that it would not.</summary>
    Raw,

    /// <summary>Passes its descriptors on to another process, and dies.</summary>
    Repass,

    /// <summary>Forks a child that has all its mappings and descriptors, and dies.</summary>
    Fork,

    /// <summary>Never reads its socket: descriptors stay on their way.</summary>
    Unread,

    /// <summary>Says that it has let go, and has not.</summary>
    Liar,

    /// <summary>Sends what is no message.</summary>
    Garbage,
}
