using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Iova;

/// <summary>What a contender came to at a workload.</summary>
internal sealed record IovaLine(string Workload, int Threads, string Contender, RoundSummary Summary);
