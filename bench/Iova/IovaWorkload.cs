using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova;

/// <summary>What allocators of address ranges are compared at.</summary>
/// <param name="name">The stable name.</param>
/// <param name="description">For the help, in a few words.</param>
internal abstract class IovaWorkload(string name, string description)
{
    public string Name { get; } = name;

    public string Description { get; } = description;

    /// <summary>Makes the workload's cell. The type argument makes the JIT compile it for this allocator alone.</summary>
    public abstract Cell Enter<TAllocator>(TAllocator allocator, int lanes)
        where TAllocator : struct, IIovaAllocator;
}
