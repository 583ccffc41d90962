namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Short lives that leave something behind: a thread allocates 4,096 blocks of 16 to 1,024 bytes, frees what its predecessor
/// left and three of four of its own, leaves the rest to its successor, starts it, and dies.
/// </summary>
internal sealed class ThreadChurnWorkload(int threads) : Workload("thread-churn", threads)
{
    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new ThreadChurnCell<TContender, TSession, TBlock>(contender, Threads);
}
