namespace MagAlloc.Bench.Gate.Baselines;

/// <summary>The contents of perf-baselines.json.</summary>
internal sealed record BaselineFile(Fingerprint Fingerprint, IReadOnlyList<Baseline> Entries);
