namespace MagAlloc.Bench.Contenders;

/// <summary>
/// What an allocator hands out. Always a struct, also where it wraps a managed object: only then does the JIT compile a workload
/// anew for each contender, instead of sharing one body that looks its types up at run time. It has one field, of the size of a
/// pointer, so that one can be exchanged between threads.
/// </summary>
internal interface IBlock
{
    /// <summary>True for the default value: no block.</summary>
    bool IsNone { get; }

    /// <summary>
    /// Writes the first byte. A block that nobody writes to would flatter an allocator that keeps its books elsewhere over one
    /// whose free list runs through the blocks and has them in the cache already.
    /// </summary>
    void Touch();

    /// <summary>The block's first bytes, for workloads that write more than one.</summary>
    /// <param name="count">At most what was asked for.</param>
    Span<byte> Bytes(int count);
}
