namespace MagAlloc.Bench.Measurement;

/// <summary>A sample of the resident set.</summary>
/// <param name="Milliseconds">Since the burst began.</param>
/// <param name="Bytes">Resident then.</param>
internal readonly record struct ResidentPoint(double Milliseconds, long Bytes);
