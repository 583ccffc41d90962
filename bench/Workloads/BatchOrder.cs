namespace MagAlloc.Bench.Workloads;

/// <summary>In which order a batch is freed.</summary>
internal enum BatchOrder
{
    /// <summary>The block allocated last is freed first, as a stack of scopes does.</summary>
    LastInFirstOut,

    /// <summary>The block allocated first is freed first, as a queue does: an allocator that hands out the last free sees it late.</summary>
    FirstInFirstOut,
}
