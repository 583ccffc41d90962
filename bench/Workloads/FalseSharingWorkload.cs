namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Blocks of one byte, each written and read many times by its thread (after Berger): slow where two threads' blocks lie in one
/// cache line. Either each thread asks for its own (the allocator must not deal a line out to several threads: "cache-thrash"),
/// or one thread has made the first blocks of all, in one line perhaps, and each thread frees its own and asks anew (it must not
/// get that place back: "cache-scratch"). The writes are shared out, so that twice the threads take half the time.
/// </summary>
internal sealed class FalseSharingWorkload(string name, bool handOver, int threads) : Workload(name, threads)
{
    public override string Operation => "write + read of a byte";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new FalseSharingCell<TContender, TSession, TBlock>(contender, handOver, Threads);
}
