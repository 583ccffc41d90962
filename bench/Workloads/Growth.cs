namespace MagAlloc.Bench.Workloads;

/// <summary>How a block grows.</summary>
internal enum Growth
{
    /// <summary>By 64 bytes up to 256 KiB: a buffer that is appended to, by who trusts the allocator with the growing.</summary>
    Append,

    /// <summary>From 64 bytes by doubling up to 4 MiB: a list that grows by its own rule.</summary>
    Double,
}
