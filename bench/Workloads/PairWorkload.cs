namespace MagAlloc.Bench.Workloads;

/// <summary>
/// One block is allocated, written to and freed again, over and over: the shortest path, and the latency of its loads. Each
/// thread has a block of its own.
/// </summary>
internal sealed class PairWorkload(string name, int blockBytes, int threads) : Workload(name, threads)
{
    public override int? BlockBytes => blockBytes;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new PairCell<TContender, TSession, TBlock>(contender, (nuint)blockBytes, Threads);
}
