namespace MagAlloc.Bench.Workloads;

/// <summary>
/// The C library's own benchmark: each thread has 1,024 slots, frees a random one and allocates the next size of a table into
/// it, every byte written. Sizes follow the inverse square from 4 to 32,768 bytes: half of them are at most 8.
/// </summary>
internal sealed class GlibcThreadWorkload(int threads) : Workload("glibc-thread", threads)
{
    public override string Operation => "free + allocate";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new GlibcThreadCell<TContender, TSession, TBlock>(contender, Threads);
}
