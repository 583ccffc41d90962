namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A live set of blocks of many sizes: each operation frees a random one and allocates another size in its place. The size class
/// is unforeseeable for the branch predictor, and the live set is larger than a cache.
/// </summary>
/// <param name="name">The stable name.</param>
/// <param name="live">Blocks alive in each thread.</param>
/// <param name="sizes">Of the blocks.</param>
/// <param name="threads">The lanes that run it.</param>
internal sealed class RandomLiveWorkload<TSizes>(string name, int live, TSizes sizes, int threads) : Workload(name, threads)
    where TSizes : struct, ISizes
{
    public override string Operation => "free + allocate";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new RandomLiveCell<TContender, TSession, TBlock, TSizes>(contender, live, sizes, Threads);
}
