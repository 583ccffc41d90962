using MagAlloc.Stress.Reporting.Timeline;
using MagAlloc.Tooling.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Stress.Reporting.Page;

/// <summary>Memory, depots and throughput of one part of a run over time.</summary>
internal static class TimelineSection
{
    private const double SmallHeight = 90;

    // So many points a rate is taken over: less is noise of the sampling thread's own delays.
    private const int RatePoints = 100;

    public static void Write(HtmlPage page, TimelinePart part)
    {
        if (part.Points.Count < 2)
            return;
        page.Heading(part.Title);
        TimeSeries committed = Series("committed", PageColours.Committed, TimeMark.Area, part, point => point.CommittedBytes);
        TimeSeries live = Series("live", PageColours.Live, TimeMark.Line, part, point => point.LiveBytes);
        TimeSeries cached = Series("cached", PageColours.ThreadCached, TimeMark.Line, part, point => point.CachedBytes);
        TimeSeries depot = Series("full magazines in depots", PageColours.Depot, TimeMark.Area, part, point => point.DepotMagazines);
        if (part.IsDomain)
        {
            Bytes(page, part, "Address space", "Bytes of address space that callers hold, and that lie in magazines.", [live, cached]);
            Bytes(page, part, "Memory of its books", string.Empty, [committed], SmallHeight);
        }
        else
        {
            TimeSeries[] known = [.. new[] { committed, live, cached }.Where(series => series.Points.Count != 0)];
            Bytes(page, part, "Memory", "Committed: what physical memory may stand behind. Live: what callers hold. Cached: in magazines.", known);
        }

        if (depot.Largest > 0)
            page.TimeFigure("Depot depth", part.Points[^1].Seconds, AxisUnit.Counts(depot.Largest, "magazines"), [depot], SmallHeight);
        if (Rates(part) is { Points.Count: > 1 } rates)
            page.TimeFigure("Throughput", part.Points[^1].Seconds, AxisUnit.Counts(rates.Largest, "a second"), [rates], SmallHeight);
    }

    private static TimeSeries Series(string name, int colour, TimeMark mark, TimelinePart part, Func<TimelinePoint, long?> value) =>
        new(name, colour, mark, [.. part.Points.Where(point => value(point) is not null).Select(point => (point.Seconds, (double)value(point)!))]);

    private static TimeSeries Rates(TimelinePart part)
    {
        int stride = Math.Max(1, part.Points.Count / RatePoints);
        List<(double Seconds, double Value)> rates = [];
        for (int i = stride; i < part.Points.Count; i += stride)
        {
            TimelinePoint before = part.Points[i - stride];
            TimelinePoint now = part.Points[i];
            if (now.Operations is { } operations && before.Operations is { } earlier && now.Seconds > before.Seconds)
                rates.Add((now.Seconds, Math.Max(0, operations - earlier) / (now.Seconds - before.Seconds)));
        }

        return new TimeSeries("operations a second", PageColours.Committed, TimeMark.Line, rates);
    }

    private static void Bytes(HtmlPage page, TimelinePart part, string title, string note, IReadOnlyList<TimeSeries> series, double height = 220) =>
        page.TimeFigure(title, part.Points[^1].Seconds, AxisUnit.Bytes(series.Max(s => s.Largest)), series, height, note);
}
