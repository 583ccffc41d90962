namespace MagAlloc.Tests.Docs.Iova;

/// <summary>The first example of docs/iova.md, compiled; <see cref="IovaPageTests"/> holds the two against each other.</summary>
internal static unsafe class IovaExample
{
    public static IovaStatistics Run(IDmaMap iommu, NativeHeap heap, Action<ulong, int> device)
    {
        // example:begin
        using IovaDomain domain = new(granule: 4096, startPfn: 1, new IovaDomainOptions { Name = "nvme0", AddressBits = 48 });

        // What VFIO_IOMMU_GET_INFO does not list as usable; on x64 always the window that means an interrupt.
        IovaReservation msi = domain.Reserve(domain.ToPfn(0xFEE0_0000), domain.ToPfn(0xFEEF_FFFF));
        if (!msi.IsComplete)
        {
            throw new InvalidOperationException($"In use already: {string.Join(", ", msi.Overlapped)}");
        }

        DmaWindow window = new(iommu, domain, deviceHas32Bits: true);
        for (int transfer = 0; transfer < 10_000; transfer++)
        {
            int bytes = 512 + (transfer % 64 * 1024);
            byte* buffer = (byte*)heap.Allocate((nuint)bytes);

            ulong address = window.Map(buffer, (ulong)bytes); // two words from a magazine, and the ioctl
            device(address, bytes);
            window.Unmap(address, (ulong)bytes);

            heap.Free(buffer);
        }

        IovaStatistics books = domain.GetStatistics();
        // example:end
        return books;
    }
}
