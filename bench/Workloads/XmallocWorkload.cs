namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Half of the threads only allocate, the other half only free (after Lever and Boreham): 64 bytes each, all of them written,
/// and handed over in batches of 4,096, each with a block of its own to hold it. Blocks flow one way for ever.
/// </summary>
internal sealed class XmallocWorkload(int threads) : Workload("xmalloc-test", threads)
{
    public override string Operation => "allocate + free elsewhere";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new XmallocCell<TContender, TSession, TBlock>(contender, Threads / 2);
}
