using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Tool.Analysis.Page;

/// <summary>What went on, on one axis of time: exchanges by thread, reclaim passes, and the pauses of the garbage collector beside them.</summary>
internal static class ActivitySection
{
    private const double SmallHeight = 100;

    public static void Write(HtmlPage page, TraceModel trace, IReadOnlyList<OwnerGroup> groups, TimeGrid grid)
    {
        TimeSeries[] rates = [.. RatesByThread(trace, grid)];
        ReclaimPass[] passes = [.. groups.SelectMany(group => group.Passes).OrderBy(pass => pass.Seconds)];
        if (rates.Length == 0 && passes.Length == 0 && trace.GcPauses.Count == 0)
            return;
        page.Heading("Activity", "One axis of time: what falls together is seen to fall together.");
        if (rates.Length != 0)
        {
            double top = Enumerable.Range(0, grid.Count).Max(i => rates.Sum(series => series.Points[i].Value));
            page.TimeFigure(
                "Depot exchanges a second", grid.End, AxisUnit.Counts(top, "a second"), rates, 160, "Stacked by thread. Threads tell of theirs a few times a second: a rate is one over such a time.");
        }

        if (passes.Length != 0)
            Stems(page, grid, "Reclaim passes", [Events(grid, Text.Plural(passes.Length, "pass", "passes"), PageColours.Reclaim, passes.Select(pass => (pass.Seconds, pass.Milliseconds)))]);
        if (trace.GcPauses.Count != 0)
            Stems(page, grid, "Pauses of the garbage collector", [.. Pauses(trace, grid)]);
    }

    private static IEnumerable<TimeSeries> RatesByThread(TraceModel trace, TimeGrid grid)
    {
        ThreadHistory[] threads = [.. trace.Threads.Where(thread => thread.TotalExchanges != 0).OrderByDescending(thread => thread.TotalExchanges)];

        // One more than there is room for needs no sum: it takes the sum's place.
        int named = threads.Length <= PageColours.Threads + 1 ? threads.Length : PageColours.Threads;
        for (int i = 0; i < named; i++)
            yield return new TimeSeries(threads[i].Title, i + 1, TimeMark.Stack, grid.Points(grid.Rates(threads[i].Exchanges)));
        if (named < threads.Length)
        {
            IEnumerable<(double From, double To, long Count)> others = threads[named..].SelectMany(thread => thread.Exchanges);
            yield return new TimeSeries($"{threads.Length - named} other threads", PageColours.Rest, TimeMark.Stack, grid.Points(grid.Rates(others)));
        }
    }

    private static IEnumerable<TimeSeries> Pauses(TraceModel trace, TimeGrid grid) => trace.GcPauses
        .GroupBy(pause => pause.Generation)
        .OrderBy(group => group.Key)
        .Select(group => Events(
            grid,
            $"generation {group.Key}, {Text.Plural(group.Count(), "time")}",
            PageColours.Generation(group.Key),
            group.Select(pause => (pause.Seconds, pause.Milliseconds))));

    /// <summary>Single events; where many are in one span of the grid, the longest.</summary>
    private static TimeSeries Events(TimeGrid grid, string name, int colour, IEnumerable<(double Seconds, double Milliseconds)> events) => new(
        name,
        colour,
        TimeMark.Stem,
        [.. events.GroupBy(one => (int)(one.Seconds / grid.Span)).Select(span => span.MaxBy(one => one.Milliseconds)).OrderBy(one => one.Seconds)]);

    private static void Stems(HtmlPage page, TimeGrid grid, string title, IReadOnlyList<TimeSeries> series) =>
        page.TimeFigure(title, grid.End, AxisUnit.Milliseconds(series.Max(s => s.Largest)), series, SmallHeight);
}
