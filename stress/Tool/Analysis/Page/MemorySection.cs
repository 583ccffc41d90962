using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Tool.Analysis.Page;

/// <summary>Where the memory of a group of owners is over time, and how deep their depots are.</summary>
internal static class MemorySection
{
    public static void Write(HtmlPage page, OwnerGroup group, TimeGrid grid)
    {
        if (group.Kind == "buffers")
        {
            BufferSection.Write(page, group, grid);
            return;
        }

        page.Heading(Text.Capitalised(group.Title), LeadOf(group));
        double[] committed = group.CommittedLevels(grid);
        double[] live = group.Levels(grid, sample => sample.AllocatedBytes);
        double[] threads = group.Levels(grid, sample => sample.ThreadCachedBytes);
        double[] depots = group.Levels(grid, sample => sample.DepotCachedBytes);

        // A domain's bytes are addresses: gigabytes of them would flatten the line of its memory.
        if (group.Kind == "domain")
        {
            Draw(page, grid, "Address space", "Bytes of address space that callers hold, and that lie in caches.", [Live(), Threads(), Depots()]);
            Draw(page, grid, "Memory of its books", string.Empty, [Committed()], 90);
        }
        else if (group.Kind == "cache")
        {
            Draw(page, grid, "Resources in magazines", "A cache over a user's source does not know how many are allocated.", [Threads(), Depots()]);
        }
        else
        {
            Draw(page, grid, "Memory", "Committed: what physical memory may stand behind. Live: what callers hold. Cached: in magazines.", [Committed(), Live(), Threads(), Depots()]);
        }

        TimeSeries depth = new("full magazines in depots", PageColours.Depot, TimeMark.Area, grid.Points(group.Levels(grid, sample => sample.DepotMagazines)));
        page.TimeFigure("Depot depth", grid.End, AxisUnit.Counts(depth.Largest, "magazines"), [depth], 90);

        TimeSeries Committed() => new("committed", PageColours.Committed, TimeMark.Area, grid.Points(committed));
        TimeSeries Live() => new("live", PageColours.Live, TimeMark.Line, grid.Points(live));
        TimeSeries Threads() => new("cached by threads", PageColours.ThreadCached, TimeMark.Line, grid.Points(threads));
        TimeSeries Depots() => new("cached in depots", PageColours.DepotCached, TimeMark.Line, grid.Points(depots));
    }

    private static void Draw(HtmlPage page, TimeGrid grid, string title, string note, IReadOnlyList<TimeSeries> series, double height = 220) =>
        page.TimeFigure(title, grid.End, AxisUnit.Bytes(series.Max(s => s.Largest)), series, height, note);

    private static string LeadOf(OwnerGroup group)
    {
        long exchanges = group.Owners.Sum(owner => owner.DepotExchanges);
        ReclaimPass[] passes = [.. group.Passes];
        string reclaim = passes.Length == 0
            ? "no reclaim pass in the trace"
            : $"{Text.Count(passes.Length)} reclaim passes gave back {Text.Count(group.Owners.Sum(owner => owner.ReclaimedMagazines))} magazines "
                + $"and decommitted {Text.Bytes(passes.Sum(pass => pass.DecommittedBytes))}, the longest in {Text.Nanoseconds((long)(passes.Max(pass => pass.Milliseconds) * 1e6))}";
        return $"Peak committed {Text.Bytes(group.PeakCommittedBytes)}; {Text.Count(exchanges)} depot exchanges; {reclaim}.";
    }
}
