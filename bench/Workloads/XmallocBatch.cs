using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>A batch of <see cref="XmallocWorkload"/>.</summary>
internal sealed class XmallocBatch<TBlock>(int blocks)
    where TBlock : struct, IBlock
{
    public readonly TBlock[] Blocks = new TBlock[blocks];

    /// <summary>The block that holds the batch in a C program, where the blocks' addresses stand in memory of the allocator.</summary>
    public TBlock Holder;
}
