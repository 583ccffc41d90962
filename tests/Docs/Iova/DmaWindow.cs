namespace MagAlloc.Tests.Docs.Iova;

// example:begin
/// <summary>A device's view of this process's memory: hands out DMA addresses and maps memory behind them. Any thread.</summary>
internal sealed unsafe class DmaWindow(IDmaMap iommu, IovaDomain domain, bool deviceHas32Bits)
{
    /// <summary>Makes <paramref name="bytes"/> at <paramref name="memory"/> readable and writable for the device.</summary>
    /// <returns>The address to put into the device's descriptor.</returns>
    public ulong Map(byte* memory, ulong bytes)
    {
        // An IOMMU maps whole pages: begin at the page that holds the first byte, and end with the one that holds the last.
        ulong offset = domain.Offset((ulong)memory);
        ulong mapped = domain.Align(offset + bytes);
        ulong limit = deviceHas32Bits ? domain.Dma32LastPfn : domain.LastPfn;

        ulong pfn = domain.AllocateFast(mapped >> domain.Shift, limit);
        ulong iova = domain.ToAddress(pfn);
        try
        {
            iommu.Map(iova, memory - offset, mapped);
        }
        catch
        {
            domain.FreeFast(pfn, mapped >> domain.Shift);
            throw;
        }

        return iova + offset;
    }

    /// <summary>Ends what <see cref="Map"/> began; the device must be done with the memory.</summary>
    public void Unmap(ulong address, ulong bytes)
    {
        ulong mapped = domain.Align(domain.Offset(address) + bytes);
        ulong pfn = domain.ToPfn(address);

        // In this order: once the range is free another thread may get it, and must not find our mapping behind it.
        iommu.Unmap(domain.ToAddress(pfn), mapped);
        domain.FreeFast(pfn, mapped >> domain.Shift);
    }
}
// example:end
