namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A program that is busy for a moment and then does nothing: 256 MiB of blocks are allocated, every page of them is written to,
/// all are freed, and then nobody calls the allocator any more. What counts beside the time is the memory that it gives back on
/// its own. Seven eighths of the bytes are in blocks of 16 bytes to 32 KiB, equally many in each power of two; the others are in
/// blocks of 1 MiB.
/// </summary>
internal sealed class BurstIdleWorkload : Workload
{
    private const long BurstBytes = 256L << 20;
    private const int LargeBytes = 1 << 20;
    private const int LargeDivisor = 8;
    private const int SmallestLog2 = 4;
    private const int LargestLog2 = 15;
    private const ulong Seed = 0xD1B54A32D192ED03;

    // For each lane the sizes in the order of allocation, and the order in which the blocks are freed.
    private readonly int[][] _sizes;
    private readonly int[][] _freeOrders;

    public BurstIdleWorkload(int threads)
        : base("burst-idle", threads)
    {
        _sizes = new int[threads][];
        _freeOrders = new int[threads][];
        for (int lane = 0; lane < threads; lane++)
        {
            XorShift64 random = new(Seed + (ulong)lane);
            _sizes[lane] = Sizes(BurstBytes / threads, ref random);
            _freeOrders[lane] = [.. Enumerable.Range(0, _sizes[lane].Length)];
            Shuffle(_freeOrders[lane], ref random);
        }
    }

    public override bool Idles => true;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new BurstIdleCell<TContender, TSession, TBlock>(contender, _sizes, _freeOrders);

    private static int[] Sizes(long bytes, ref XorShift64 random)
    {
        List<int> sizes = [];
        long large = bytes / LargeDivisor / LargeBytes;
        for (long i = 0; i < large; i++)
            sizes.Add(LargeBytes);
        for (long left = bytes - (large * LargeBytes); left > 0; left -= sizes[^1])
            sizes.Add(SmallSize(ref random));

        int[] all = [.. sizes];
        Shuffle(all, ref random);
        return all;
    }

    // A power of two, and a size between it and the next.
    private static int SmallSize(ref XorShift64 random)
    {
        ulong choice = random.Next();
        int power = SmallestLog2 + (int)((choice >> 32) % (LargestLog2 - SmallestLog2));
        return (1 << power) + (int)((choice >> 16) & 0xFFFF & ((1UL << power) - 1));
    }

    private static void Shuffle(int[] values, ref XorShift64 random)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int other = (int)((random.Next() >> 16) % (ulong)(i + 1));
            (values[i], values[other]) = (values[other], values[i]);
        }
    }
}
