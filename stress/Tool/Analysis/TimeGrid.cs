namespace MagAlloc.Tool.Analysis;

/// <summary>The time of a trace in equal spans, so that what happened at odd moments can be added up and drawn.</summary>
internal sealed class TimeGrid
{
    private const int MostSpans = 240;
    private const double ShortestSpan = 0.05;

    public TimeGrid(double seconds)
    {
        Span = Math.Max(ShortestSpan, seconds / MostSpans);
        Count = Math.Max(1, (int)Math.Ceiling(seconds / Span));
        End = Math.Max(seconds, Span);
    }

    /// <summary>Length of a span in seconds.</summary>
    public double Span { get; }

    public int Count { get; }

    public double End { get; }

    /// <summary>When span <paramref name="index"/> ends; the last one with the trace.</summary>
    public double EndOf(int index) => Math.Min((index + 1) * Span, End);

    /// <summary>What holds in each span: the highest value in it, or else the one before.</summary>
    /// <param name="points">By time.</param>
    public double[] Levels(IEnumerable<(double Seconds, long Value)> points)
    {
        double[] levels = new double[Count];
        double held = 0;
        int span = 0;
        foreach ((double seconds, long value) in points)
        {
            for (; span < IndexOf(seconds); span++)
            {
                levels[span] = Math.Max(levels[span], held);
                levels[span + 1] = held;
            }

            levels[span] = Math.Max(levels[span], value);
            held = value;
        }

        for (; span < Count; span++)
            levels[span] = Math.Max(levels[span], held);
        return levels;
    }

    /// <summary>How much came to pass in each span, as a rate by the second. What came to pass between two moments is spread evenly.</summary>
    public double[] Rates(IEnumerable<(double From, double To, long Count)> events)
    {
        double[] rates = new double[Count];
        foreach ((double from, double to, long count) in events)
        {
            int first = IndexOf(from);
            int last = IndexOf(to);
            for (int i = first; i <= last; i++)
            {
                double share = first == last ? 1 : (Math.Min(to, (i + 1) * Span) - Math.Max(from, i * Span)) / (to - from);
                rates[i] += count * Math.Max(share, 0) / Span;
            }
        }

        return rates;
    }

    /// <summary>Levels or rates as points of a chart.</summary>
    public IReadOnlyList<(double Seconds, double Value)> Points(IReadOnlyList<double> values) =>
        [.. values.Select((value, i) => (EndOf(i), value))];

    private int IndexOf(double seconds) => Math.Clamp((int)(seconds / Span), 0, Count - 1);
}
