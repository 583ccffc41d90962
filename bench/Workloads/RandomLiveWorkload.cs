using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A live set of 4,096 blocks of 16 to 4,096 bytes, uniformly: each operation frees a random one and allocates another size in
/// its place. The size class is unforeseeable for the branch predictor, and the live set is larger than the first cache.
/// </summary>
internal sealed class RandomLiveWorkload() : Workload("random-4k-live")
{
    public override string Operation => "free + allocate";

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new RandomLiveCell<TContender, TSession, TBlock>(contender);
}
