namespace MagAlloc.Bench.Measurement;

/// <summary>What a burst leaves resident when the program then does nothing.</summary>
/// <param name="EndBytes">Resident at the end of the idle time.</param>
/// <param name="RemainingShare">Of what the burst added to the baseline, the part still resident at the end.</param>
/// <param name="FirstNs">Nanoseconds per operation of the first burst after idle time: what was given back must be had again.</param>
/// <param name="Timeline">Samples from that burst's begin to the end of the next idle time, for the chart.</param>
internal sealed record IdleFigures(long EndBytes, double RemainingShare, double FirstNs, IReadOnlyList<ResidentPoint> Timeline)
{
    public static IdleFigures Of(IReadOnlyList<ResidentPoint> timeline, long baseline, double firstNs)
    {
        long end = timeline[^1].Bytes;
        long added = timeline.Max(point => point.Bytes) - baseline;
        return new IdleFigures(end, added <= 0 ? 0 : Math.Max(0, (double)(end - baseline) / added), firstNs, timeline);
    }

    /// <summary>Of several rounds the one with the median share; null without rounds.</summary>
    public static IdleFigures? Median(IEnumerable<IdleFigures> rounds)
    {
        IdleFigures[] sorted = [.. rounds.OrderBy(figures => figures.RemainingShare)];
        return sorted.Length == 0 ? null : sorted[sorted.Length / 2];
    }
}
