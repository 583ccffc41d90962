namespace MagAlloc.Diagnostics;

/// <summary>A block that was still allocated when its heap was disposed.</summary>
/// <param name="Address">The block.</param>
/// <param name="Bytes">The size that was asked for.</param>
/// <param name="ThreadId">Managed id of the allocating thread.</param>
/// <param name="AllocationStack">Where it was allocated.</param>
public sealed record LeakedBlock(nuint Address, long Bytes, int ThreadId, string? AllocationStack);
