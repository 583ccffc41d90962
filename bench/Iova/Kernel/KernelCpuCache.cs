namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>The two magazines of one processor and one order (<c>struct iova_cpu_rcache</c>), and the lock over them.</summary>
internal sealed class KernelCpuCache(bool spins)
{
    public readonly KernelLock Gate = new(spins);

    // Made here, beside the lock: two kilobytes lie between the locks of two processors, and no cache line is shared.
    public KernelMagazine Loaded = new();
    public KernelMagazine Previous = new();

    public void Swap() => (Loaded, Previous) = (Previous, Loaded);
}
