namespace MagAlloc.Stress.Reporting.Timeline;

/// <summary>What a run looked like while it went on, part by part; there is one only where a report wants it.</summary>
internal sealed class RunTimeline
{
    private readonly List<TimelinePart> _parts = [];

    public IReadOnlyList<TimelinePart> Parts => _parts;

    /// <summary>Begins a part.</summary>
    /// <param name="title">Of its charts.</param>
    /// <param name="isDomain">Its live and cached bytes are addresses.</param>
    /// <param name="period">Time between two looks, at first: it doubles as the part grows long.</param>
    /// <param name="look">Takes a look; called by a thread of its own until the sampler is disposed. Gets the seconds since the beginning.</param>
    public TimelineSampler Begin(string title, bool isDomain, TimeSpan period, Func<double, TimelinePoint> look)
    {
        List<TimelinePoint> points = [];
        _parts.Add(new TimelinePart(title, isDomain, points));
        return new TimelineSampler(points, period, look);
    }
}
