namespace MagAlloc.Tests.Heap.Support;

/// <summary>Heaps as the tests want them: small reservation, no worker unless asked for.</summary>
internal static class Heaps
{
    public const long KiB = 1024;
    public const long MiB = 1024 * KiB;
    public const long GiB = 1024 * MiB;

    public static readonly CheckLevel[] AllLevels = [CheckLevel.None, CheckLevel.Basic, CheckLevel.Full];

    public static NativeHeap Quiet(
        CheckLevel checks = CheckLevel.None,
        long byteLimit = long.MaxValue,
        FaultPlan? faults = null,
        ReclaimPolicy policy = ReclaimPolicy.WorkingSet,
        int threshold = -1) => new(new NativeHeapOptions
        {
            Name = "test",
            Checks = checks,
            ByteLimit = byteLimit,
            ReservedBytes = 8 * GiB,
            Reclaim = ReclaimOptions.Manual with { Policy = policy, Threshold = threshold },
            Faults = faults,
        });

    public static NativeHeap WithWorker(CheckLevel checks = CheckLevel.None, int intervalMs = 20) => new(new NativeHeapOptions
    {
        Name = "worker",
        Checks = checks,
        ReservedBytes = 8 * GiB,
        Reclaim = new() { Interval = TimeSpan.FromMilliseconds(intervalMs), Threshold = 1 },
    });
}
