namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A pool of threads after its rush hour: each replaces blocks of 1 byte to 32 KiB at random, equally many in each power of two,
/// 32 of them alive, frees them all, and sleeps. What counts beside the time is the memory that the sleepers keep.
/// </summary>
internal sealed class IdleThreadsWorkload(int threads) : Workload("idle-threads", threads)
{
    public override bool Idles => true;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new IdleThreadsCell<TContender, TSession, TBlock>(contender, Threads);
}
