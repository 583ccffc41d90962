namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A server's mixture of life times (after mimalloc's own test): in each round as many threads are born, worker n with n + 1
/// shares of work. They allocate 1 to 64 words, now and then a hundred to ten thousand times as many, keep a third until their
/// end, free others soon, and exchange some by way of 1,000 shared slots, where they outlive their thread. Every word is
/// written, and verified when its block is freed.
/// </summary>
internal sealed class MstressWorkload(int threads) : Workload("mstress", threads)
{
    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new MstressCell<TContender, TSession, TBlock>(contender, Threads);
}
