namespace MagAlloc.Bench.Iova;

/// <summary>An allocator of address ranges, as a struct: cells are compiled anew for each, and its calls are direct.</summary>
internal interface IIovaAllocator
{
    /// <summary>The highest pfn.</summary>
    ulong LastPfn { get; }

    /// <summary>The highest pfn below 4 GiB.</summary>
    ulong Dma32LastPfn { get; }

    /// <summary>Through the magazines; with a flush before a refusal.</summary>
    bool TryAllocateFast(ulong size, ulong limit, out ulong pfn);

    void FreeFast(ulong pfn, ulong size);

    /// <summary>Past the magazines, aligned to the size.</summary>
    bool TryAllocate(ulong size, ulong limit, out ulong pfn);

    void Free(ulong pfn);
}
