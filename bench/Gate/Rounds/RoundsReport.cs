namespace MagAlloc.Bench.Gate.Rounds;

/// <summary>What a child process tells of its rounds.</summary>
/// <param name="Workload">Stable name.</param>
/// <param name="Settled">False when the JIT was still at work as the rounds began.</param>
/// <param name="Times">By contender, nanoseconds per operation, round by round.</param>
internal sealed record RoundsReport(string Workload, bool Settled, IReadOnlyDictionary<string, IReadOnlyList<double>> Times);
