namespace MagAlloc.Tool.Analysis;

/// <summary>What a trace says of a queue of exportable buffers alone.</summary>
internal sealed class BufferHistory
{
    public List<BufferSample> Samples { get; } = [];

    public List<BufferReclaim> Reclaims { get; } = [];

    public long Created { get; set; }

    public long ImportersGone { get; set; }

    /// <summary>Requests refused, by quota.</summary>
    public Dictionary<string, long> Refusals { get; } = [];

    public BufferSample Last => Samples.Count == 0 ? default : Samples[^1];

    public double LongestReclaimMilliseconds => Reclaims.Select(reclaim => reclaim.Milliseconds).DefaultIfEmpty().Max();

    public long PeakOrphanedBytes => Samples.Select(sample => sample.OrphanedBytes).DefaultIfEmpty().Max();
}
