using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Share;

/// <summary>What a contender came to at a workload.</summary>
internal sealed record ShareLine(string Workload, string Contender, RoundSummary Summary);
