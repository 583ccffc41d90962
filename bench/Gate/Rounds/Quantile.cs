namespace MagAlloc.Bench.Gate.Rounds;

/// <summary>Order statistics.</summary>
internal static class Quantile
{
    /// <summary>
    /// The lower quartile: a disturbance only ever makes a round longer, so the lower half is the clean one; and unlike the minimum
    /// it does not hang on a single round. NaN of nothing.
    /// </summary>
    public static double Lower(IReadOnlyList<double> values) => At(values, 0.25);

    /// <summary>The median. NaN of nothing.</summary>
    public static double Median(IReadOnlyList<double> values) => At(values, 0.5);

    private static double At(IReadOnlyList<double> values, double probability)
    {
        if (values.Count == 0)
            return double.NaN;
        double[] sorted = [.. values.Order()];
        double position = probability * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
