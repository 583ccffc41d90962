namespace MagAlloc.Tool.Analysis;

/// <summary>One pass of the reclaim worker.</summary>
internal readonly record struct ReclaimPass(double Seconds, double Milliseconds, long Magazines, long DecommittedBytes);
