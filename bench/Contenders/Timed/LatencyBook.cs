using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Bench.Contenders.Timed;

/// <summary>
/// The histograms of a timed pass: one for each session that is open, so that no two threads share one. A histogram of 15 KiB is
/// handed from a session that ends to one that begins, because workloads that give birth to threads open thousands of sessions.
/// </summary>
internal sealed class LatencyBook
{
    private readonly Lock _lock = new();
    private readonly List<LatencyHistogram> _all = [];
    private readonly Stack<LatencyHistogram> _free = [];

    /// <summary>A histogram for a session that begins.</summary>
    public LatencyHistogram Take()
    {
        lock (_lock)
        {
            if (_free.TryPop(out LatencyHistogram? histogram))
                return histogram;
            histogram = new LatencyHistogram();
            _all.Add(histogram);
            return histogram;
        }
    }

    /// <summary>The session has ended; what it recorded stays.</summary>
    public void GiveBack(LatencyHistogram histogram)
    {
        lock (_lock)
            _free.Push(histogram);
    }

    /// <summary>Forgets all that was recorded. Not while a session is open.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _all.Clear();
            _free.Clear();
        }
    }

    /// <summary>All sessions together. Not while one is open.</summary>
    public LatencyHistogram Merged()
    {
        LatencyHistogram merged = new();
        lock (_lock)
        {
            foreach (LatencyHistogram histogram in _all)
                merged.Merge(histogram);
        }

        return merged;
    }
}
