namespace MagAlloc.Stress.Iova;

/// <summary>What a lane has done. Written by the lane's thread alone, read by the progress display while it runs.</summary>
internal sealed class RangeCounters
{
    /// <summary>Calls of the domain.</summary>
    public long Operations;

    /// <summary>Requests refused.</summary>
    public long Refused;

    /// <summary>Refusals that were examined while all others stood still.</summary>
    public long Proofs;

    /// <summary>Ranges freed by another lane than the one that had them.</summary>
    public long CrossThreadFrees;

    /// <summary>Threads that have run this lane.</summary>
    public long Threads;
}
