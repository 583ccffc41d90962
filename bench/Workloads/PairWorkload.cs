namespace MagAlloc.Bench.Workloads;

/// <summary>
/// One block is allocated, written to and freed again, over and over: the shortest path, and the latency of its loads. Each
/// thread has a block of its own.
/// </summary>
/// <param name="name">The stable name.</param>
/// <param name="blockBytes">Size of the block.</param>
/// <param name="threads">The lanes that run it.</param>
/// <param name="touches">
/// False: nothing is written to the block. Of a large block that shows what the allocator does, without the page fault that the
/// first write costs where the block's memory went back in between.
/// </param>
internal sealed class PairWorkload(string name, int blockBytes, int threads, bool touches = true) : Workload(name, threads)
{
    public override int? BlockBytes => blockBytes;

    public override bool LeavesBlocksUntouched => !touches;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new PairCell<TContender, TSession, TBlock>(contender, (nuint)blockBytes, touches, Threads);
}
