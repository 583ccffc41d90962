namespace MagAlloc.Sharing;

/// <summary>A buffer that came back.</summary>
/// <param name="Index">Its index.</param>
/// <param name="Sequence">The frame's number.</param>
/// <param name="BytesUsed">Bytes that mean something: as queued, or as an importer that may write said.</param>
/// <param name="IsError">An importer died or was disconnected before it acknowledged.</param>
/// <param name="IsLast">The frame was queued as the last one.</param>
/// <param name="IsSkipped">No importer got the frame: none had the buffer, and a newer frame went out, or an importer that came would have seen an old one.</param>
public readonly record struct CompletedBuffer(int Index, long Sequence, long BytesUsed, bool IsError, bool IsLast, bool IsSkipped = false);
