using MagAlloc.Tool.Analysis.Anomalies;
using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Tool.Analysis.Page;

/// <summary>The analysis of a trace as one HTML page.</summary>
internal static class TracePage
{
    private const int MostGroups = 4;

    public static string Of(TraceModel trace, IReadOnlyList<Anomaly> anomalies, int stacks)
    {
        IReadOnlyList<OwnerGroup> groups = OwnerGroup.Of(trace);
        TimeGrid grid = new(trace.Seconds);
        HtmlPage page = new($"Trace {Path.GetFileName(trace.File)}", Subtitle(trace));
        page.Cards(Cards(trace, groups, grid));
        page.Heading("Anomalies", anomalies.Count == 0 ? "Nothing that asks for attention was found." : string.Empty);
        if (anomalies.Count != 0)
            page.Notices(anomalies.Select(anomaly => (ToneOf(anomaly.Severity), anomaly.Severity.ToString(), anomaly.Text)));
        foreach (OwnerGroup group in groups.Where(group => group.Owners.Any(owner => owner.Samples.Count != 0 || owner.Commits.Count != 0)).Take(MostGroups))
            MemorySection.Write(page, group, grid);
        ActivitySection.Write(page, trace, groups, grid);
        ProfileSection.Write(page, trace, stacks);
        ClassSection.Write(page, trace);
        DetailSection.Write(page, trace);
        return page.Finish($"MagAlloc, {Text.Count(trace.Events)} events of {trace.File}, {Text.Bytes(trace.FileBytes)}.");
    }

    private static string Subtitle(TraceModel trace)
    {
        string start = trace.Start.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
        return $"{ShortCommand(trace.Process)} (process {trace.ProcessId}), {Text.Number(trace.Seconds, "0.0")} s from {start}";
    }

    /// <summary>The runtime names a program by its host and its assembly, both with their folders.</summary>
    private static string ShortCommand(string commandLine)
    {
        string[] parts = commandLine.Split(' ');
        int program = parts.Length > 1 && parts[1] == $"{parts[0]}.dll" ? 1 : 0;
        return string.Join(' ', [Path.GetFileNameWithoutExtension(parts[program]), .. parts[(program + 1)..]]);
    }

    private static IEnumerable<HtmlCard> Cards(TraceModel trace, IReadOnlyList<OwnerGroup> groups, TimeGrid grid)
    {
        double seconds = Math.Max(trace.Seconds, 1e-3);
        OwnerGroup[] memory = [.. groups.Where(group => group.Kind is "heap" or "pool")];
        double peakLive = memory.Select(group => group.Levels(grid, sample => sample.AllocatedBytes).Max()).DefaultIfEmpty().Max();
        yield return new HtmlCard("peak committed", Text.Bytes(trace.PeakCommittedBytes), Text.Plural(trace.Owners.Count, "owner"));
        if (memory.Length != 0)
            yield return new HtmlCard("peak live", Text.Bytes((long)peakLive), "sampled");
        yield return new HtmlCard("depot exchanges", Text.Count(trace.DepotExchanges), $"{Text.Count((long)(trace.DepotExchanges / seconds))} a second");
        int passes = trace.Owners.Sum(owner => owner.Passes.Count);
        yield return new HtmlCard("magazines reclaimed", Text.Count(trace.ReclaimedMagazines), Text.Plural(passes, "pass", "passes"));
        if (trace.InjectedFaults != 0)
            yield return new HtmlCard("faults injected", Text.Count(trace.InjectedFaults), Text.Plural(trace.Faults.Count, "fault point"), Tone.Info);
        yield return new HtmlCard(
            "GC pauses",
            Text.Count(trace.GcPauses.Count),
            $"{Text.Number(trace.GcPauses.Sum(pause => pause.Milliseconds), "0.0")} ms in all");
        if (trace.SampledBytes != 0)
            yield return new HtmlCard("allocated", Text.Bytes(trace.SampledBytes), $"from {Text.Count(trace.Stacks.Sum(stack => stack.Samples))} samples");
        yield return new HtmlCard(
            "dropped events", Text.Count(trace.DroppedEvents), $"of {Text.Count(trace.Events + trace.DroppedEvents)}", trace.DroppedEvents == 0 ? Tone.Good : Tone.Error);
    }

    private static Tone ToneOf(Severity severity) => severity switch
    {
        Severity.Error => Tone.Error,
        Severity.Warning => Tone.Warning,
        _ => Tone.Info,
    };
}
