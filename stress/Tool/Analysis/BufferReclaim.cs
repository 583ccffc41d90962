namespace MagAlloc.Tool.Analysis;

/// <summary>A released buffer whose memory came back, and how long that took from the release.</summary>
internal readonly record struct BufferReclaim(double Seconds, double Milliseconds, long Bytes);
