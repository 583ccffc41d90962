namespace MagAlloc.Tool.Analysis;

/// <summary>One size class of an owner over the trace.</summary>
internal sealed class ClassHistory(int sizeClass, long blockBytes)
{
    private double _allocatedBytes;
    private double _cachedBytes;
    private double _wasteBytes;

    public int SizeClass { get; } = sizeClass;

    public long BlockBytes { get; } = blockBytes;

    public long Samples { get; private set; }

    public long MostSlabs { get; private set; }

    public long MostAllocatedBlocks { get; private set; }

    /// <summary>Bytes in callers' hands, the mean over the samples in which the class was in use; the same for the other means.</summary>
    public double AllocatedBytes => _allocatedBytes / Math.Max(Samples, 1);

    /// <summary>Bytes in magazines.</summary>
    public double CachedBytes => _cachedBytes / Math.Max(Samples, 1);

    /// <summary>Bytes of the slabs that no caller holds: what is cached, what is free, and what is left behind the last block.</summary>
    public double WasteBytes => _wasteBytes / Math.Max(Samples, 1);

    public double SlabBytes => AllocatedBytes + WasteBytes;

    /// <summary>The share of the slabs that no caller holds, 0 to 1.</summary>
    public double Waste => WasteBytes / Math.Max(SlabBytes, 1);

    public void Add(ClassSample sample)
    {
        Samples++;
        _allocatedBytes += sample.AllocatedBytes;
        _cachedBytes += sample.CachedBlocks * sample.BlockBytes;
        _wasteBytes += sample.WasteBytes;
        MostSlabs = Math.Max(MostSlabs, sample.Slabs);
        MostAllocatedBlocks = Math.Max(MostAllocatedBlocks, sample.AllocatedBlocks);
    }
}
