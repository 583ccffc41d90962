using System.Text.RegularExpressions;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting.Charts;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Reporting;

/// <summary>The charts of the report; one that has nothing to show is left out.</summary>
internal static partial class ReportCharts
{
    private const string Slower = "time relative to MagAlloc, logarithmic: right of 1× is slower than MagAlloc";

    // Of workloads that differ in a size only, the headline shows the one that is typical.
    private static readonly string[] s_typical = ["pair-64", "batch-256"];

    public static IEnumerable<ReportChart> Of(Scoreboard board)
    {
        ContenderColours palette = new(board.Contenders.Select(entry => entry.Name));
        IEnumerable<ReportChart?> charts =
        [
            Headline(board, palette), Workloads(board, palette), Memory(board, palette),
            .. Timelines(board, palette), .. Scaling(board, palette),
        ];
        return charts.OfType<ReportChart>();
    }

    // For each workload the best peer and the runtime's own: few bars, and so one that can be read in a README.
    private static ReportChart? Headline(Scoreboard board, ContenderColours palette)
    {
        List<MarkGroup> groups = [];
        foreach (WorkloadEvent e in board.Events.GroupBy(e => e.Workload).Select(Usual).Where(Headlines))
        {
            List<Mark> marks = [];
            if (e.Advantage(Scoreboard.Engine, e.BestPeer) is { } peer)
                marks.Add(new Mark("best native peer", ContenderColours.BestPeer, peer, $"{Figure.Ratio(peer)}× {e.BestPeer!.Contender}"));
            if (e.Advantage(Scoreboard.Engine, e[Scoreboard.Runtime]) is { } runtime)
                marks.Add(new Mark("NativeMemory", palette[Scoreboard.Runtime], runtime, $"{Figure.Ratio(runtime)}×"));
            if (marks.Count != 0)
                groups.Add(new MarkGroup(e.Title, marks));
        }

        return groups.Count == 0 ? null : new ReportChart(
            "headline.svg",
            "Time of the best native peer and of NativeMemory relative to MagAlloc, by workload",
            new RatioChart("Time per operation, MagAlloc = 1", Slower, groups, bars: true).Draw);
    }

    private static ReportChart? Workloads(Scoreboard board, ContenderColours palette)
    {
        HashSet<string> shown =
        [
            .. board.Contenders.Where(c => c.Kind is not ContenderKind.NativePInvoke).Select(c => c.Name).Where(c => c != Scoreboard.Engine),
        ];
        List<MarkGroup> groups = Groups(board, palette, shown, (e, other) => e.Advantage(Scoreboard.Engine, other));
        return groups.Count == 0 ? null : new ReportChart(
            "workloads.svg",
            "Time of every contender relative to MagAlloc, by workload",
            new RatioChart("Time per operation of every contender, MagAlloc = 1", Slower, groups, bars: false).Draw);
    }

    private static ReportChart? Memory(Scoreboard board, ContenderColours palette)
    {
        HashSet<string> shown =
        [
            .. board.Contenders.Where(c => c.Kind is ContenderKind.NativePeer or ContenderKind.ManagedPeer or ContenderKind.Runtime).Select(c => c.Name),
        ];
        List<MarkGroup> groups = Groups(board, palette, shown, (e, other) =>
            e[Scoreboard.Engine]?.Resident is { GrowthBytes: > 0 } own && other.Resident is { GrowthBytes: > 0 } others
                ? (double)others.GrowthBytes / own.GrowthBytes
                : null);
        return groups.Count == 0 ? null : new ReportChart(
            "memory.svg",
            "Growth of the resident set of native allocators relative to MagAlloc, by workload",
            new RatioChart(
                "Peak of the resident set, MagAlloc = 1",
                "memory relative to MagAlloc, logarithmic: right of 1× is more than MagAlloc",
                groups,
                bars: false).Draw);
    }

    private static List<MarkGroup> Groups(
        Scoreboard board,
        ContenderColours palette,
        HashSet<string> shown,
        Func<WorkloadEvent, ComparisonLine, double?> ratio)
    {
        List<MarkGroup> groups = [];
        foreach (WorkloadEvent e in board.Events)
        {
            List<Mark> marks = [];
            foreach (ComparisonLine line in e.Measured.Values.Where(line => shown.Contains(line.Contender)))
            {
                if (ratio(e, line) is { } value)
                    marks.Add(new Mark(line.Contender, palette[line.Contender], value, string.Empty));
            }

            if (marks.Count != 0)
                groups.Add(new MarkGroup(e.Title, marks));
        }

        return groups;
    }

    private static IEnumerable<ReportChart?> Timelines(Scoreboard board, ContenderColours palette)
    {
        HashSet<string> shown = [.. board.Contenders.Where(c => c.Kind is not ContenderKind.NativePInvoke).Select(c => c.Name)];
        foreach (WorkloadEvent e in board.Events)
        {
            Series[] series =
            [
                .. e.Measured.Values.Where(line => line.Idle is not null && shown.Contains(line.Contender)).Select(line => new Series(
                    line.Contender,
                    palette[line.Contender],
                    line.Contender == Scoreboard.Engine,
                    [.. line.Idle!.Timeline.Select(p => (p.Milliseconds / 1000, (double)p.Bytes / (1 << 20)))])),
            ];
            if (series.Length == 0)
                continue;
            yield return new ReportChart(
                FileName("resident", e),
                $"Resident set over time: {e.Title}",
                new LineChart($"Resident set over time: {e.Title}", "seconds since the first burst began", "MiB resident", series).Draw);
        }
    }

    private static IEnumerable<ReportChart?> Scaling(Scoreboard board, ContenderColours palette)
    {
        foreach (IGrouping<(string Workload, string? AgedBy), WorkloadEvent> events in board.Events.GroupBy(e => (e.Workload, e.AgedBy)).Where(events => events.Count() > 1))
        {
            WorkloadEvent[] sorted = [.. events.OrderBy(e => e.Threads)];
            IEnumerable<ContenderEntry> shown = board.Contenders.Where(c => c.Kind is not ContenderKind.NativePInvoke);
            Series[] series =
            [
                .. shown.Where(c => sorted.Any(e => e[c.Name] is not null)).Select(c => new Series(
                    c.Name,
                    palette[c.Name],
                    c.Name == Scoreboard.Engine,
                    [.. sorted.Where(e => e[c.Name] is not null).Select(e => ((double)e.Threads, e[c.Name]!.Summary!.OperationsPerSecond / 1e6))])),
            ];
            if (series.Length == 0)
                continue;
            string title = $"Scaling by threads: {WorkloadEvent.TitleOf(events.Key.Workload, 1, events.Key.AgedBy)}";
            yield return new ReportChart(
                $"scaling-{events.Key.Workload}{Aged(events.Key.AgedBy)}.svg",
                title,
                new LineChart(title, "threads", "million operations per second", series) { Ticks = [.. sorted.Select(e => (double)e.Threads)] }.Draw);
        }
    }

    // Of several numbers of threads: as many as there are processors, or the next fewer.
    private static WorkloadEvent Usual(IEnumerable<WorkloadEvent> events) =>
        events.Where(e => e.Threads <= Environment.ProcessorCount).MaxBy(e => e.Threads) ?? events.MinBy(e => e.Threads)!;

    private static bool Headlines(WorkloadEvent e) =>
        e.Group == WorkloadGroup.Board && (!SizeVariant().IsMatch(e.Workload) || s_typical.Contains(e.Workload));

    private static string FileName(string what, WorkloadEvent e) =>
        $"{what}-{e.Workload}{(e.Threads == Environment.ProcessorCount ? "" : $"-{e.Threads}")}{Aged(e.AgedBy)}.svg";

    private static string Aged(string? agedBy) => agedBy is null ? "" : $"-aged-by-{agedBy}";

    [GeneratedRegex("^(pair|batch|fifo)-")]
    private static partial Regex SizeVariant();
}
