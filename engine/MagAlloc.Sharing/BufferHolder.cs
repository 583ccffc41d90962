namespace MagAlloc.Sharing;

/// <summary>A process that holds a buffer.</summary>
/// <param name="Index">The buffer's index.</param>
/// <param name="ProcessId">The process; 0: unknown. An importer passed the buffer on to it, or it hides.</param>
/// <param name="UserId">Its user; -1: unknown.</param>
/// <param name="IsImporter">Whether it is a connected importer that the buffer was exported to.</param>
public readonly record struct BufferHolder(int Index, int ProcessId, long UserId, bool IsImporter);
