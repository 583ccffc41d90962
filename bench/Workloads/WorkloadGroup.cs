namespace MagAlloc.Bench.Workloads;

/// <summary>Which workloads are summed up together.</summary>
internal enum WorkloadGroup
{
    /// <summary>Those whose means the project has always told: small and middle blocks, and programs made of them.</summary>
    Board,

    /// <summary>Large blocks, growth, alignment, memory given back, and everything on a heap that another workload has aged.</summary>
    LargeAndAged,

    /// <summary>No native peer does the same: figures without a mean.</summary>
    Alone,
}
