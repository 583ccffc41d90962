namespace MagAlloc.Stress.Hammer;

/// <summary>What a lane has done. Written by the lane's thread alone, read by the progress display while it runs.</summary>
internal sealed class LaneCounters
{
    /// <summary>Allocator calls; a bulk call counts its blocks.</summary>
    public long Operations;

    /// <summary>Requests refused for want of memory: an injected fault or the byte limit.</summary>
    public long Refused;

    /// <summary>Blocks freed by another lane than the one that had them.</summary>
    public long CrossThreadFrees;

    /// <summary>Threads that have run this lane.</summary>
    public long Threads;

    public long BytesVerified;
}
