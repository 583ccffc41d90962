namespace MagAlloc.Slabs;

/// <summary>The geometry of one class of slabs.</summary>
internal readonly struct SlabClass
{
    private const int ReciprocalShift = 48;

    // A slab of several blocks this large would only hold address space together.
    private const int LargestInCompany = 256 * 1024;

    private readonly ulong _reciprocal;

    /// <param name="blockBytes">Size of a block; a multiple of 8.</param>
    /// <param name="minimumBlocks">
    /// A slab is doubled until it holds at least this many blocks; a block above 256 KiB has a slab of its own.
    /// </param>
    public SlabClass(int blockBytes, int minimumBlocks)
    {
        BlockBytes = blockBytes;
        minimumBlocks = blockBytes > LargestInCompany ? 1 : minimumBlocks;
        Chunks = 1;
        while ((Chunks << Arena.ChunkShift) / blockBytes < minimumBlocks)
        {
            Chunks *= 2;
        }

        Blocks = Math.Min((Chunks << Arena.ChunkShift) / blockBytes, Arena.MaxBlocks);

        // Exact for every offset inside a slab: offset < 2^22 and the rounding error is below blockBytes <= 2^20, so
        // their product stays below 2^48. The multiplication stays below 2^64 because offset < 2^13 x blockBytes.
        _reciprocal = ((1UL << ReciprocalShift) + (ulong)blockBytes - 1) / (ulong)blockBytes;
    }

    public int BlockBytes { get; }

    /// <summary>Chunks a slab spans; a power of two, and the slab's alignment in chunks.</summary>
    public int Chunks { get; }

    /// <summary>Blocks a slab holds.</summary>
    public int Blocks { get; }

    /// <summary>Index of the block that an offset into the slab falls into.</summary>
    public int IndexOf(nuint offset) => (int)((offset * _reciprocal) >> ReciprocalShift);
}
