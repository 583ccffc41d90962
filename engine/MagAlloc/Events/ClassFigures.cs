namespace MagAlloc.Events;

/// <summary>What an owner can say of one of its size classes.</summary>
/// <param name="Code">Number of the class, from 1; for a domain the order of the ranges + 1.</param>
/// <param name="BlockBytes">Size of a block.</param>
/// <param name="AllocatedBlocks">Blocks that callers hold.</param>
/// <param name="ThreadCachedBlocks">Blocks in threads' magazines.</param>
/// <param name="DepotCachedBlocks">Blocks in the depot.</param>
/// <param name="FreeBlocks">Free blocks in slabs.</param>
/// <param name="Slabs">Slabs; 0 where there are none.</param>
/// <param name="WasteBytes">Bytes of the slabs that no caller holds: cached, free, and behind the last block.</param>
internal readonly record struct ClassFigures(
    int Code,
    long BlockBytes,
    long AllocatedBlocks,
    long ThreadCachedBlocks,
    long DepotCachedBlocks,
    long FreeBlocks,
    long Slabs,
    long WasteBytes);
