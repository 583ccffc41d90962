namespace MagAlloc.Sharing;

/// <summary>What a release did.</summary>
/// <param name="Freed">Buffers without a holder: their memory is back.</param>
/// <param name="Orphaned">Buffers that are still held, and not revoked (yet).</param>
/// <param name="OrphanedBytes">Their bytes.</param>
/// <param name="Revoked">Buffers whose pages were dropped although they are held: their memory is back.</param>
public readonly record struct ReleaseResult(int Freed, int Orphaned, long OrphanedBytes, int Revoked);
