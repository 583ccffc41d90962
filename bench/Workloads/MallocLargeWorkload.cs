namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Buffers of 5 to 25 MiB, 20 of them alive: each is allocated, cleared as a whole, and then takes the place of a random one,
/// which is freed. About 300 MiB.
/// </summary>
internal sealed class MallocLargeWorkload() : Workload("malloc-large", threads: 1)
{
    public override string Operation => "allocate, clear, free";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new MallocLargeCell<TContender, TSession, TBlock>(contender);
}
