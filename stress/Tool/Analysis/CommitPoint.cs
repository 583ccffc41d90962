namespace MagAlloc.Tool.Analysis;

/// <summary>What was committed after a commit or decommit.</summary>
internal readonly record struct CommitPoint(double Seconds, long CommittedBytes);
