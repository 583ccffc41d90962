using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Measurement;

/// <summary>One contender at one workload: measured, or the reason why not.</summary>
/// <param name="Workload">Stable name.</param>
/// <param name="Contender">Stable name.</param>
/// <param name="Threads">Of the workload.</param>
/// <param name="Summary">Null when it did not take part.</param>
/// <param name="Absent">True when it is not installed, false when the workload is not for it.</param>
/// <param name="Reason">Why it did not take part; else null.</param>
internal sealed record ComparisonLine(string Workload, string Contender, int Threads, RoundSummary? Summary, bool Absent, string? Reason)
{
    /// <summary>With which workloads it is summed up.</summary>
    public WorkloadGroup Group { get; init; }

    /// <summary>The workload that has aged its heap; null for a new heap.</summary>
    public string? AgedBy { get; init; }

    /// <summary>True when it should have taken part and did not get to the end.</summary>
    public bool Failed { get; init; }

    /// <summary>Null when it was not measured in a process of its own, or the system does not tell.</summary>
    public ResidentFigures? Resident { get; init; }

    /// <summary>Null when single operations were not timed.</summary>
    public LatencyFigures? Latency { get; init; }

    /// <summary>What must be known of the figures; null for nothing.</summary>
    public string? Remark { get; init; }

    /// <summary>Null but for a workload that idles.</summary>
    public IdleFigures? Idle { get; init; }
}
