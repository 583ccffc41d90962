using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Docs.Iova;

/// <summary>docs/iova.md: its code, which the build takes from the page, works.</summary>
[TestFixture]
internal sealed unsafe class IovaPageTests
{
    [Test]
    public void TheExample_MovesBytesThroughTheDevicesAddresses()
    {
        SimulatedIommu iommu = new();
        using NativeHeap heap = Heaps.Quiet();
        int transfers = 0;
        IovaStatistics books = Driver.Run(iommu, heap, (address, bytes) =>
        {
            Assert.That(address + (ulong)bytes, Is.LessThanOrEqualTo(1UL << 32), "a device with 32 address bits");
            Assert.That(address is >= 0xFEE0_0000 and < 0xFEF0_0000, Is.False, "the interrupt window");
            new Span<byte>(iommu.Translate(address, bytes), bytes).Fill((byte)transfers++);
        });

        Assert.That(transfers, Is.EqualTo(10_000));
        Assert.That(iommu.Count, Is.Zero);
        Assert.That(books.AllocatedUnits, Is.Zero);
        Assert.That(books.ReservedUnits, Is.EqualTo(256));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void TheWindow_UsedByManyThreads_NeverMapsAnAddressTwice()
    {
        SimulatedIommu iommu = new();
        using NativeHeap heap = Heaps.Quiet();
        using IovaDomain domain = Spaces.Quiet();
        DmaWindow window = new(iommu, domain, deviceHas32Bits: true);
        Crew.Run(4, index =>
        {
            Random random = new(index);
            for (int i = 0; i < 400; i++)
            {
                ulong bytes = (ulong)random.Next(1, 200_000);
                byte* buffer = (byte*)heap.Allocate((nuint)bytes);
                ulong address = window.Map(buffer, bytes);
                Assert.That((nuint)iommu.Translate(address, (int)bytes), Is.EqualTo((nuint)buffer));
                window.Unmap(address, bytes);
                heap.Free(buffer);
            }
        });
        Assert.That(iommu.Count, Is.Zero);
        domain.AssertNothingIsLost();
    }

    [Test]
    public void TheWindow_WhenTheIommuRefuses_KeepsNoAddress()
    {
        SimulatedIommu iommu = new() { RefuseIn = 3 };
        using IovaDomain domain = Spaces.Quiet();
        DmaWindow window = new(iommu, domain, deviceHas32Bits: false);
        byte* memory = (byte*)0x10_0000;
        ulong first = window.Map(memory, 5000);
        ulong second = window.Map(memory + 100, 5000);
        Assert.That(() => window.Map(memory, 5000), Throws.TypeOf<IOException>());
        window.Unmap(first, 5000);
        window.Unmap(second, 5000);
        domain.AssertNothingIsLost();
    }

    [Test]
    public void TheRequests_HaveTheLayoutOfTheKernelsHeader()
    {
        Assert.That(sizeof(VfioContainer.DmaMap), Is.EqualTo(32));
        Assert.That(sizeof(VfioContainer.DmaUnmap), Is.EqualTo(24));
    }
}
