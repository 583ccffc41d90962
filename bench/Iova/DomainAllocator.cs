namespace MagAlloc.Bench.Iova;

/// <summary>Calls an <see cref="IovaDomain"/>.</summary>
internal readonly struct DomainAllocator(IovaDomain domain) : IIovaAllocator
{
    public ulong LastPfn => domain.LastPfn;

    public ulong Dma32LastPfn => domain.Dma32LastPfn;

    public bool TryAllocateFast(ulong size, ulong limit, out ulong pfn) => domain.TryAllocateFast(size, limit, flushRcache: true, out pfn);

    public void FreeFast(ulong pfn, ulong size) => domain.FreeFast(pfn, size);

    public bool TryAllocate(ulong size, ulong limit, out ulong pfn)
    {
        bool got = domain.TryAllocate(size, limit, sizeAligned: true, out IovaRange range);
        pfn = range.First;
        return got;
    }

    public void Free(ulong pfn) => domain.Free(pfn);
}
