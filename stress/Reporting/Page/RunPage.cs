using MagAlloc.Stress.Reporting.Timeline;
using MagAlloc.Tooling.Measurement;
using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Stress.Reporting.Page;

/// <summary>The report of a run as one HTML page: verdict, memory over time, latency histogram.</summary>
internal static class RunPage
{
    private static readonly (string Name, double Fraction)[] s_percentiles =
    [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("max", 1),
    ];

    public static string Of(RunReport report, string commandLine)
    {
        HtmlPage page = new($"stress {report.Command}: {(report.Passed ? "pass" : "FAIL")}", commandLine);
        page.Cards(Cards(report));
        if (report.Failures.Count != 0)
        {
            page.Heading("Failures");
            page.Notices(report.Failures.Select(failure => (Tone.Error, "failure", failure)));
        }

        foreach (TimelinePart part in report.Timeline?.Parts ?? [])
            TimelineSection.Write(page, part);
        WriteLatency(page, report.Latency);
        RunTables.Write(page, report);
        return page.Finish($"stress {report.Command}, seed {report.Seed}, {Text.Seconds(report.Elapsed)}{(report.Interrupted ? ", interrupted" : string.Empty)}.");
    }

    private static IEnumerable<HtmlCard> Cards(RunReport report)
    {
        yield return new HtmlCard("verdict", report.Passed ? "pass" : "FAIL", report.Interrupted ? "interrupted" : Text.Seconds(report.Elapsed), report.Passed ? Tone.Good : Tone.Error);
        yield return new HtmlCard("operations", Text.Count(report.Operations), $"{Text.Count((long)report.OperationsPerSecond)} a second");
        yield return new HtmlCard(
            "corruptions", Text.Count(report.Corruptions), $"{Text.Count(report.LeakedBlocks)} leaked", report.Corruptions + report.LeakedBlocks == 0 ? Tone.Good : Tone.Error);
        yield return new HtmlCard("latency p50", Text.Nanoseconds(report.Latency.Percentile(0.5)), $"p99 {Text.Nanoseconds(report.Latency.Percentile(0.99))}");
        yield return new HtmlCard("peak committed", Text.Bytes(report.PeakCommittedBytes), $"{Text.Bytes(report.EndCommittedBytes)} at the end");
        yield return new HtmlCard("depot exchanges", Text.Count(report.DepotExchanges), $"{Text.Count(report.ReclaimedMagazines)} magazines reclaimed");
        if (report.InjectedFaults != 0)
            yield return new HtmlCard("faults injected", Text.Count(report.InjectedFaults), string.Empty, Tone.Info);
    }

    private static void WriteLatency(HtmlPage page, LatencyHistogram latency)
    {
        if (latency.Count == 0)
            return;
        page.Heading("Latency", $"{Text.Count(latency.Count)} single calls were timed, the cost of reading the clock included. Both axes are logarithmic: a bar of a tenth of the height is no tenth of the calls.");
        (string Name, long Nanoseconds)[] marks = [.. s_percentiles.Select(p => (p.Name, p.Fraction < 1 ? latency.Percentile(p.Fraction) : latency.Max))];
        page.Figure("Duration of a call", [], new HistogramChart("Duration of a call", latency.Bars(), marks).Draw());
        page.Table([.. marks.Select(mark => mark.Name)], [[.. marks.Select(mark => Text.Nanoseconds(mark.Nanoseconds))]]);
    }
}
