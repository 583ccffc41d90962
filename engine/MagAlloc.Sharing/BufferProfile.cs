namespace MagAlloc.Sharing;

/// <summary>What an exported buffer promises to its importers, and what its owner can do to get it back.</summary>
public enum BufferProfile
{
    /// <summary>
    /// The file cannot shrink: an importer's mapping never raises a signal. A revocation drops the pages; importers then read zeros. May be
    /// exported for writing.
    /// </summary>
    Stable,

    /// <summary>
    /// A revocation cuts the file off, for good: an importer that touches its mapping then dies. So importers must announce that
    /// they read by guarded copies (<see cref="BufferImporterOptions.AcceptRevocable"/>), and it is exported for reading only, to other users.
    /// </summary>
    Revocable,

    /// <summary>
    /// The contents never change once frozen (<see cref="BufferQueue.Freeze"/>), not even to zeros. It cannot be revoked: released while it is held
    /// it is an orphan until its holders let go, and counts in full.
    /// </summary>
    Immutable,
}
