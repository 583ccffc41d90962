using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A program that lets most of what it had go, and leaves the rest scattered over all its pages: 150,000 blocks of 512 bytes,
/// 100,000 of 1 KiB and 50,000 of 2 KiB are allocated in a random order and filled, 19 of 20 are freed in another, and then nobody
/// calls the allocator for a long time. A page of 4 KiB is empty with a chance of 66, 81 or 90 %: about 80 % of the memory can go
/// back. The blocks that are left are freed first thing in the next round.
/// </summary>
internal sealed class ChurnIdleWorkload : Workload
{
    private readonly int[] _sizes;
    private readonly int[] _freeOrder;

    public ChurnIdleWorkload()
        : base("churn-idle", threads: 1)
    {
        XorShift64 random = XorShift64.Numbered(7);
        _sizes =
        [
            .. Enumerable.Repeat(512, 150_000), .. Enumerable.Repeat(1024, 100_000), .. Enumerable.Repeat(2048, 50_000),
        ];
        random.Shuffle(_sizes);
        _freeOrder = [.. Enumerable.Range(0, _sizes.Length)];
        random.Shuffle(_freeOrder);
    }

    public override bool Idles => true;

    public override TimeSpan IdleIn(Pace pace) => pace.LongIdle;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new ChurnIdleCell<TContender, TSession, TBlock>(contender, _sizes, _freeOrder);
}
