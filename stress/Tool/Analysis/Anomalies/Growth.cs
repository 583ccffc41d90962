namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>A quantity that only rose.</summary>
internal readonly record struct Growth(long First, long Last, double Seconds)
{
    // Of the highest value: a smaller fall is no fall.
    private const double Slack = 0.05;

    // Of the highest value: a smaller rise is what a level does that stands still.
    private const double LeastRise = 0.1;

    // Times the deepest fall on the way.
    private const double LeastRiseToFall = 2;

    // Of the rise: so much of it must come in the second half, or it is a start-up that has come to rest.
    private const double LateShare = 0.2;

    /// <summary>True when the quantity rose through the whole life of the owner as far as it was sampled.</summary>
    public static bool IsSteady(OwnerHistory owner, IEnumerable<(double Seconds, long Value)> quantity, int fewest, double shortest, out Growth growth)
    {
        growth = default;

        // The figures with the end of an owner are those after the flush: not a fall of its own.
        (double Seconds, long Value)[] samples = [.. quantity.Where(sample => owner.DisposedAt is not { } end || sample.Seconds < end - 0.05)];
        if (samples.Length < fewest || samples[^1].Seconds - samples[0].Seconds < shortest)
            return false;
        long highest = 0;
        long deepest = 0;
        foreach ((double _, long value) in samples)
        {
            highest = Math.Max(highest, value);
            deepest = Math.Max(deepest, highest - value);
        }

        growth = new Growth(samples[0].Value, samples[^1].Value, samples[^1].Seconds - samples[0].Seconds);
        long late = growth.Last - samples[samples.Length / 2].Value;
        long rise = growth.Last - growth.First;
        return deepest <= highest * Slack && rise > 0 && rise >= highest * LeastRise && rise >= deepest * LeastRiseToFall && late >= rise * LateShare;
    }
}
