namespace MagAlloc.Bench.Workloads;

/// <summary>A workload in the catalogue, not yet made: making one may read a trace.</summary>
internal sealed record WorkloadEntry(string Name, string Description, Func<Workload> Create);
