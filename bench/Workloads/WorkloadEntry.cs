namespace MagAlloc.Bench.Workloads;

/// <summary>A workload in the catalogue, not yet made: making one may read a trace.</summary>
/// <param name="Name">The stable name.</param>
/// <param name="Description">For the help, in a few words.</param>
/// <param name="Threads">On how many threads it can run.</param>
/// <param name="Create">Makes it for a number of threads that <paramref name="Threads"/> accepts.</param>
internal sealed record WorkloadEntry(string Name, string Description, ThreadRule Threads, Func<int, Workload> Create)
{
    public WorkloadGroup Group { get; init; } = WorkloadGroup.Board;

    /// <summary>Its group on a heap that another workload has aged; null for a new heap.</summary>
    public WorkloadGroup GroupWhen(string? agedBy) =>
        agedBy is null || Group == WorkloadGroup.Alone ? Group : WorkloadGroup.LargeAndAged;
}
