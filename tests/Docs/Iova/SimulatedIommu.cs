namespace MagAlloc.Tests.Docs.Iova;

/// <summary>An IOMMU as a type 1 container shows it: whole pages, no overlaps, and only exact mappings can be taken away. Any thread.</summary>
internal sealed unsafe class SimulatedIommu : IDmaMap
{
    private const ulong Page = 4096;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<ulong, (ulong Memory, ulong Bytes)> _mappings = [];

    /// <summary>The n-th mapping from here on is refused; 0: none is.</summary>
    public int RefuseIn { get; set; }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _mappings.Count;
            }
        }
    }

    public void Map(ulong iova, void* memory, ulong bytes)
    {
        lock (_lock)
        {
            Require(((iova | (ulong)memory | bytes) & (Page - 1)) == 0 && bytes != 0, "EINVAL: not whole pages");
            Require(!_mappings.Any(m => m.Key < iova + bytes && iova < m.Key + m.Value.Bytes), "EEXIST: the address is mapped already");
            Require(RefuseIn == 0 || --RefuseIn > 0, "ENOMEM: the limit of locked memory");
            _mappings.Add(iova, ((ulong)memory, bytes));
        }
    }

    public void Unmap(ulong iova, ulong bytes)
    {
        lock (_lock)
        {
            Require(_mappings.TryGetValue(iova, out (ulong Memory, ulong Bytes) mapping) && mapping.Bytes == bytes, "ENOENT: no such mapping");
            _mappings.Remove(iova);
        }
    }

    /// <summary>What the device reads or writes when it uses this address.</summary>
    public byte* Translate(ulong address, int bytes)
    {
        lock (_lock)
        {
            foreach ((ulong iova, (ulong memory, ulong size)) in _mappings)
            {
                if (iova <= address && address + (ulong)bytes <= iova + size)
                {
                    return (byte*)(memory + address - iova);
                }
            }
        }

        throw new IOException($"A fault of the IOMMU: {bytes} bytes at 0x{address:x} are not mapped.");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new IOException(otherwise);
        }
    }
}
