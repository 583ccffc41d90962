namespace MagAlloc.Bench.Gate.Rounds;

/// <summary>Nanoseconds per operation of a contender, round by round, beside those of the reference in the same rounds.</summary>
internal sealed record RoundSamples(IReadOnlyList<double> Subject, IReadOnlyList<double> Reference);
