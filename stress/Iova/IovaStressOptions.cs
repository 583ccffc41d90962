namespace MagAlloc.Stress.Iova;

/// <summary>What to stress a domain with.</summary>
internal sealed record IovaStressOptions
{
    public const int MaxThreads = 256;

    /// <summary>
    /// Address bits of the domain: the oracle has a bit for every pfn. The window below 4 GiB is as large as in any domain.
    /// </summary>
    public const int AddressBits = 40;

    public const ulong Granule = 4096;

    /// <summary>Lanes that run at the same time; with thread churn each lane is a chain of threads.</summary>
    public int Threads { get; init; } = 4;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Percentage of the requests that must lie below 4 GiB.</summary>
    public int Limit32Percent { get; init; } = 50;

    /// <summary>Percentage of the space below 4 GiB that the lanes try to hold.</summary>
    public int FillPercent { get; init; } = 90;

    /// <summary>Percentage of the ranges that another thread than their allocator's frees.</summary>
    public int CrossThreadPercent { get; init; } = 30;

    public bool ThreadChurn { get; init; }

    public CheckLevel Checks { get; init; }

    public ReclaimPolicy Policy { get; init; } = ReclaimPolicy.WorkingSet;

    /// <summary>Steady traffic whose throughput is followed, instead of everything at once.</summary>
    public bool Aging { get; init; }

    /// <summary>How many times faster the reclaim worker's clock runs than the 100 ms of the kernel; with 60, a minute stands for an hour.</summary>
    public int Clock { get; init; } = 1;

    public ulong Seed { get; init; }

    public TimeSpan ReclaimInterval => TimeSpan.FromMilliseconds(Math.Max(1, 100.0 / Clock));
}
