namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A server whose objects outlive its threads ("server bleeding", after Larson and Krishnan): a thread replaces blocks of 8 to
/// 999 bytes at random within an array of 5,000, then starts a successor on the same array and dies. The first blocks were all
/// made by one thread and are dealt out at random.
/// </summary>
internal sealed class LarsonWorkload(int threads) : Workload("larson", threads)
{
    public override string Operation => "free + allocate";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new LarsonCell<TContender, TSession, TBlock>(contender, Threads);
}
