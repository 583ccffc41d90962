namespace MagAlloc.Tool.Analysis;

/// <summary>What an owner said of one of its size classes (event ClassStatistics).</summary>
/// <param name="WasteBytes">Bytes of its slabs that no caller holds.</param>
internal readonly record struct ClassSample(
    double Seconds, int SizeClass, long BlockBytes, long AllocatedBlocks, long CachedBlocks, long Slabs, long WasteBytes)
{
    public long AllocatedBytes => AllocatedBlocks * BlockBytes;
}
