using MagAlloc.Stress.Commands;

namespace MagAlloc.Stress.Hammer;

/// <summary>What to hammer with.</summary>
internal sealed record HammerOptions
{
    public const int MaxThreads = 1024;

    /// <summary>Lanes that run at the same time; with thread churn each lane is a chain of threads.</summary>
    public int Threads { get; init; } = 4;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Each thread runs on one CPU of those the process is allowed.</summary>
    public bool Pin { get; init; }

    /// <summary>Percentage of the blocks that another thread than their allocator's frees.</summary>
    public int CrossThreadPercent { get; init; } = 30;

    /// <summary>Threads end after some thousand operations, with blocks in their cache, and leave their live blocks to others.</summary>
    public bool ThreadChurn { get; init; }

    public FaultSpec Faults { get; init; } = FaultSpec.None;

    public CheckLevel Checks { get; init; }

    public long ByteLimit { get; init; } = long.MaxValue;

    public ReclaimPolicy Policy { get; init; } = ReclaimPolicy.WorkingSet;

    /// <summary>Largest block, in bytes.</summary>
    public long MaxSize { get; init; } = 2L << 20;

    /// <summary>Blocks that a lane keeps alive.</summary>
    public int Live { get; init; } = 2000;

    public ulong Seed { get; init; }
}
