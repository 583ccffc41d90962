namespace MagAlloc.Bench.Measurement;

/// <summary>What the rounds of one contender came to, in nanoseconds of wall time per operation.</summary>
/// <param name="Median">Of all rounds: one disturbed round does not move it.</param>
/// <param name="Min">The least disturbed round.</param>
/// <param name="Max">The most disturbed one.</param>
/// <param name="Rounds">How many there were.</param>
/// <param name="Settled">False when the JIT was still at work as they began.</param>
internal sealed record RoundSummary(double Median, double Min, double Max, int Rounds, bool Settled)
{
    public double OperationsPerSecond => 1e9 / Median;

    public static RoundSummary Of(Entrant entrant) => Of(entrant.NsPerOperation, entrant.Settled);

    public static RoundSummary Of(IReadOnlyList<double> nsPerOperation, bool settled)
    {
        double[] sorted = [.. nsPerOperation.Order()];
        double median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        return new RoundSummary(median, sorted[0], sorted[^1], sorted.Length, settled);
    }
}
