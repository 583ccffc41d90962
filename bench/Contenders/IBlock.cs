namespace MagAlloc.Bench.Contenders;

/// <summary>
/// What an allocator hands out. Always a struct, also where it wraps a managed array: only then does the JIT compile a workload
/// anew for each contender, instead of sharing one body that looks its types up at run time.
/// </summary>
internal interface IBlock
{
    /// <summary>
    /// Writes the first byte. A block that nobody writes to would flatter an allocator that keeps its books elsewhere over one
    /// whose free list runs through the blocks and has them in the cache already.
    /// </summary>
    void Touch();
}
