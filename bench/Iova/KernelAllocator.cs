using MagAlloc.Bench.Iova.Kernel;

namespace MagAlloc.Bench.Iova;

/// <summary>Calls the model of the kernel's allocator.</summary>
internal readonly struct KernelAllocator(KernelIovaDomain domain, ulong lastPfn, ulong dma32LastPfn) : IIovaAllocator
{
    public ulong LastPfn => lastPfn;

    public ulong Dma32LastPfn => dma32LastPfn;

    public bool TryAllocateFast(ulong size, ulong limit, out ulong pfn)
    {
        pfn = domain.AllocateFast(size, limit, flushRcache: true);
        return pfn != 0;
    }

    public void FreeFast(ulong pfn, ulong size) => domain.FreeFast(pfn, size);

    public bool TryAllocate(ulong size, ulong limit, out ulong pfn)
    {
        bool got = domain.TryAllocate(size, limit, sizeAligned: true, out (ulong First, ulong Last) range);
        pfn = range.First;
        return got;
    }

    public void Free(ulong pfn) => domain.Free(pfn);
}
