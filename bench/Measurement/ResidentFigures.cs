namespace MagAlloc.Bench.Measurement;

/// <summary>The resident set of a process with one contender.</summary>
/// <param name="BaselineBytes">Before the contender was made: the runtime, the harness and the workload's own data.</param>
/// <param name="PeakBytes">The most there was since, up to the end of the measured rounds.</param>
internal sealed record ResidentFigures(long BaselineBytes, long PeakBytes)
{
    /// <summary>What the contender brought, code and compiled loops included; the runtime's own share is taken off.</summary>
    public long GrowthBytes => Math.Max(0, PeakBytes - BaselineBytes);
}
