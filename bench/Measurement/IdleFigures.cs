namespace MagAlloc.Bench.Measurement;

/// <summary>What a burst leaves resident when the program then does nothing.</summary>
/// <param name="EndBytes">Resident at the end of the idle time.</param>
/// <param name="RemainingShare">Of what the burst added to the baseline, the part still resident at the end.</param>
/// <param name="FirstNs">Nanoseconds per operation of the first burst after idle time: what was given back must be had again.</param>
/// <param name="Timeline">Samples from that burst's begin to the end of the next idle time, for the chart.</param>
/// <param name="LeftBytes">Resident at the end beyond the baseline.</param>
/// <param name="IdleSeconds">How long the idle time was.</param>
/// <param name="ReturnedPercent">Of what the bursts added, the part gone after a second of it; null when it was shorter.</param>
/// <param name="BytesPerThread"><paramref name="LeftBytes"/> by the threads that idle; null where that says nothing.</param>
internal sealed record IdleFigures(
    long EndBytes,
    double RemainingShare,
    double FirstNs,
    IReadOnlyList<ResidentPoint> Timeline,
    long LeftBytes,
    double IdleSeconds,
    double? ReturnedPercent,
    double? BytesPerThread)
{
    private const double SecondMs = 1000;

    /// <param name="timeline">Not empty.</param>
    /// <param name="idleFromMs">When the last burst ended, in the timeline's milliseconds.</param>
    /// <param name="baseline">Resident without the work.</param>
    /// <param name="threads">That idle; 0 for no figure by thread.</param>
    /// <param name="firstNs">Of the first burst.</param>
    public static IdleFigures Of(
        IReadOnlyList<ResidentPoint> timeline, double idleFromMs, long baseline, int threads, double firstNs)
    {
        ResidentPoint end = timeline[^1];
        long left = Math.Max(0, end.Bytes - baseline);
        long peak = timeline.Max(point => point.Bytes);
        double added = peak - baseline;
        long? afterSecond = timeline.Where(point => point.Milliseconds >= idleFromMs + SecondMs)
            .Select(point => (long?)point.Bytes).FirstOrDefault();
        return new IdleFigures(
            end.Bytes,
            added <= 0 ? 0 : left / added,
            firstNs,
            timeline,
            left,
            Math.Max(0, end.Milliseconds - idleFromMs) / SecondMs,
            added <= 0 ? null : (peak - afterSecond) / added * 100,
            threads == 0 ? null : (double)left / threads);
    }

    /// <summary>Of several rounds the one with the median share; null without rounds.</summary>
    public static IdleFigures? Median(IEnumerable<IdleFigures> rounds)
    {
        IdleFigures[] sorted = [.. rounds.OrderBy(figures => figures.RemainingShare)];
        return sorted.Length == 0 ? null : sorted[sorted.Length / 2];
    }
}
