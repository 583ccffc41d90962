namespace MagAlloc.Bench.Measurement;

/// <summary>How long single allocations took, in nanoseconds, the reading of the clock included.</summary>
/// <param name="P50">Half of them took no longer.</param>
/// <param name="P99">99 of 100 took no longer.</param>
/// <param name="P999">999 of 1,000 took no longer.</param>
/// <param name="Max">The longest; on a machine with other work it is that work's time slice.</param>
/// <param name="Samples">How many were timed: all of the pass.</param>
/// <param name="TimerNs">What reading the clock twice takes with nothing in between; it is part of every figure.</param>
internal sealed record LatencyFigures(long P50, long P99, long P999, long Max, long Samples, double TimerNs);
