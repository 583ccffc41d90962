namespace MagAlloc.Sharing;

/// <summary>Where a buffer is in its life.</summary>
internal enum BufferPhase
{
    /// <summary>It has an index.</summary>
    Live,

    /// <summary>Released, held, with its pages.</summary>
    Orphaned,

    /// <summary>Announced as revoked; whoever moved it here drops its pages.</summary>
    Revoking,

    /// <summary>Held, without pages.</summary>
    Revoked,

    /// <summary>Nobody holds it; whoever moved it here closes it.</summary>
    Closing,

    /// <summary>Gone.</summary>
    Reclaimed,
}
