namespace MagAlloc.Tests.Docs.Iova;

/// <summary>What the page's loop needs of an IOMMU: an address that the device uses stands for memory of this process.</summary>
internal unsafe interface IDmaMap
{
    /// <exception cref="IOException">The mapping was refused.</exception>
    void Map(ulong iova, void* memory, ulong bytes);

    /// <exception cref="IOException">There is no such mapping.</exception>
    void Unmap(ulong iova, ulong bytes);
}
