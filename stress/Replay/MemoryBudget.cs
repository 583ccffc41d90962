namespace MagAlloc.Stress.Replay;

/// <summary>What the engine may keep committed for a trace: the project's promise, judged at every replay.</summary>
internal static class MemoryBudget
{
    private const long Slack = 2L << 20;

    /// <summary>Committed bytes allowed after the last free, two reclaim intervals and a trim.</summary>
    public const long EndLimit = 1L << 20;

    /// <summary>Peak committed bytes allowed: 1.25 × the peak of live bytes + 2 MiB.</summary>
    public static long PeakLimit(long peakLiveBytes) => peakLiveBytes + (peakLiveBytes / 4) + Slack;

    public static bool Holds(long peakLiveBytes, long peakCommittedBytes, long endCommittedBytes) =>
        peakCommittedBytes <= PeakLimit(peakLiveBytes) && endCommittedBytes <= EndLimit;
}
