namespace MagAlloc.Tool.Analysis;

/// <summary>A time in which the runtime had stopped all threads for a garbage collection.</summary>
internal readonly record struct GcPause(double Seconds, double Milliseconds, int Generation);
