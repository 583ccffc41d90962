namespace MagAlloc.Diagnostics;

/// <summary>A snapshot of the books of one size class of a heap or pool.</summary>
/// <remarks>
/// Read without stopping anybody. While nobody allocates or frees the classes add up to the owner's statistics, and each to the blocks of its
/// slabs: <see cref="AllocatedBlocks"/> + <see cref="ThreadCachedBlocks"/> + <see cref="DepotCachedBlocks"/> + <see cref="FreeBlocks"/>.
/// </remarks>
public readonly record struct SizeClassStatistics
{
    /// <summary>Number of the class, from 1; for a domain the order of the ranges + 1.</summary>
    internal int Code { get; init; }

    /// <summary>Size of a block in bytes.</summary>
    public long BlockBytes { get; internal init; }

    /// <summary>Blocks that callers hold.</summary>
    public long AllocatedBlocks { get; internal init; }

    /// <summary>Blocks in threads' magazines.</summary>
    public long ThreadCachedBlocks { get; internal init; }

    /// <summary>Blocks in the class's depot.</summary>
    public long DepotCachedBlocks { get; internal init; }

    /// <summary>Free blocks in slabs.</summary>
    public long FreeBlocks { get; internal init; }

    /// <summary>Slabs of the class.</summary>
    public long Slabs { get; internal init; }

    /// <summary>
    /// Bytes of the slabs that no caller holds: cached and free blocks, and what is left behind a slab's last block. Memory stands
    /// behind those that were handed out before and not decommitted since.
    /// </summary>
    public long WasteBytes { get; internal init; }
}
