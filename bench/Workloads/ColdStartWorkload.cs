namespace MagAlloc.Bench.Workloads;

/// <summary>
/// The first block of a process: what it costs beyond an empty program to make a heap, allocate and free, with the libraries that
/// are loaded and the methods that are compiled for it. Each round is a process of its own, so there is no cell.
/// </summary>
internal sealed class ColdStartWorkload() : Workload(StableName, threads: 1)
{
    public const string StableName = "cold-start";

    public override string Operation => "first allocation of a process";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        throw new NotSupportedException("A process starts cold only once.");
}
