using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Commands;

/// <summary>What a user asks <c>compare</c> for.</summary>
internal sealed record CompareRequest(
    IReadOnlyList<WorkloadEntry> Workloads,
    IReadOnlyList<string> AgedBy,
    IReadOnlyList<ContenderEntry> Contenders,
    IReadOnlyList<IPeerSpec> Peers,
    IReadOnlyList<int> Threads,
    Pace Pace,
    string? JsonFile,
    string? ReportFolder);
