using MagAlloc.Stress.Replay;
using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Html;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Stress.Reporting.Page;

/// <summary>What a run was asked to do and what it counted, as tables.</summary>
internal static class RunTables
{
    public static void Write(HtmlPage page, RunReport report)
    {
        if (report.Traces.Count != 0)
        {
            page.Heading("Traces");
            page.Table(
                ["figure", .. report.Traces.Select(trace => AllocationTrace.NameOf(trace.File))],
                ReplayRun.Figures.Select(figure => (string[])[figure.Name, .. report.Traces.Select(figure.Value)]));
        }

        (string Name, string Value)[] figures = [.. Hammer(report), .. Iova(report)];
        if (figures.Length != 0)
        {
            page.Heading("Figures");
            page.Table(["figure", "value"], figures.Select(figure => (string[])[figure.Name, figure.Value]));
        }
    }

    private static (string Name, string Value)[] Hammer(RunReport report) => report.Hammer is not { } hammer
        ? []
        :
        [
            ("threads", Text.Count(hammer.Options.Threads)),
            ("checks", hammer.Options.Checks.ToString()),
            ("cross-thread frees asked for", $"{hammer.Options.CrossThreadPercent} %"),
            ("faults", hammer.Options.Faults.ToString()),
            ("threads born", Text.Count(hammer.ThreadsBorn)),
            ("cross-thread frees", Text.Count(hammer.CrossThreadFrees)),
            ("verified", Text.Bytes(hammer.BytesVerified)),
            ("requests refused", Text.Count(hammer.Refused)),
            ("misuses", Text.Count(hammer.Statistics.Misuses)),
            ("out-of-memory flushes", Text.Count(hammer.Statistics.OutOfMemoryFlushes)),
            ("refills from slabs", Text.Count(hammer.Statistics.SourceRefills)),
            ("returns to slabs", Text.Count(hammer.Statistics.SourceReturns)),
            ("decommitted", Text.Bytes(hammer.Statistics.DecommittedBytes)),
        ];

    private static (string Name, string Value)[] Iova(RunReport report) => report.Iova is not { } iova
        ? []
        :
        [
            ("threads", Text.Count(iova.Options.Threads)),
            ("checks", iova.Options.Checks.ToString()),
            ("requests below 4 GiB", $"{iova.Options.Limit32Percent} %"),
            ("threads born", Text.Count(iova.ThreadsBorn)),
            ("cross-thread frees", Text.Count(iova.CrossThreadFrees)),
            ("refused", Text.Count(iova.Refused)),
            ("refusals examined", Text.Count(iova.Proofs)),
            ("false exhaustions", Text.Count(iova.FalseExhaustions)),
            ("overlaps", Text.Count(iova.Overlaps)),
            ("violations", Text.Count(iova.Violations)),
            ("lost ranges", Text.Count(iova.LostRanges)),
            ("limit hits", $"{Text.Count(iova.Statistics.LimitHits)} own, {Text.Count(iova.Statistics.LimitDepotHits)} depot"),
            ("limit misses", Text.Count(iova.Statistics.LimitMisses)),
            ("flush retries", Text.Count(iova.Statistics.FlushRetries)),
        ];
}
