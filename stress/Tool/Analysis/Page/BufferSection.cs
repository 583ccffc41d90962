using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Tool.Analysis.Page;

/// <summary>Where the memory of queues of exportable buffers is over time, who holds it, and how fast frames go round.</summary>
internal static class BufferSection
{
    private const double SmallHeight = 100;

    public static void Write(HtmlPage page, OwnerGroup group, TimeGrid grid)
    {
        page.Heading(Text.Capitalised(group.Title), LeadOf(group));
        TimeSeries[] memory =
        [
            new("committed", PageColours.Committed, TimeMark.Area, grid.Points(group.CommittedLevels(grid))),
            new("live", PageColours.Live, TimeMark.Line, grid.Points(group.Levels(grid, sample => sample.AllocatedBytes))),
            new("orphaned", PageColours.Orphaned, TimeMark.Line, grid.Points(group.BufferLevels(grid, sample => sample.OrphanedBytes))),
        ];
        AxisUnit bytes = AxisUnit.Bytes(memory.Max(series => series.Largest));
        page.TimeFigure("Memory of buffers", grid.End, bytes, memory, 220, "Live: buffers that the owner has. Orphaned: released, but held by importers. Committed: both. Revoked ones have no pages.");

        TimeSeries[] counts =
        [
            new("importers", PageColours.Importers, TimeMark.Line, grid.Points(group.BufferLevels(grid, sample => sample.Importers))),
            new("orphaned buffers", PageColours.Orphaned, TimeMark.Line, grid.Points(group.BufferLevels(grid, sample => sample.OrphanedBuffers))),
            new("revoked buffers", PageColours.Revoked, TimeMark.Line, grid.Points(group.BufferLevels(grid, sample => sample.RevokedBuffers))),
        ];
        page.TimeFigure("Importers, and what they keep", grid.End, AxisUnit.Counts(counts.Max(series => series.Largest), string.Empty), counts, SmallHeight);

        TimeSeries rate = new("hand-overs", PageColours.Live, TimeMark.Area, grid.Points(group.BufferRates(grid, sample => sample.HandOvers)));
        if (rate.Largest > 0)
            page.TimeFigure("Hand-overs a second", grid.End, AxisUnit.Counts(rate.Largest, "a second"), [rate], SmallHeight);
    }

    private static string LeadOf(OwnerGroup group)
    {
        BufferHistory[] queues = [.. group.Owners.Select(owner => owner.Buffers).OfType<BufferHistory>()];
        BufferReclaim[] reclaims = [.. queues.SelectMany(queue => queue.Reclaims)];
        string reclaimed = reclaims.Length == 0
            ? "no buffer was reclaimed in the trace"
            : $"{Text.Count(reclaims.Length)} buffers were reclaimed, the longest {Text.Nanoseconds((long)(reclaims.Max(reclaim => reclaim.Milliseconds) * 1e6))} after its release";
        return $"Peak committed {Text.Bytes(group.PeakCommittedBytes)}, at most {Text.Bytes(queues.Select(queue => queue.PeakOrphanedBytes).DefaultIfEmpty().Max())} orphaned; "
            + $"{Text.Count(queues.Sum(queue => queue.Last.HandOvers))} hand-overs; {Text.Count(queues.Sum(queue => queue.ImportersGone))} importers went; {reclaimed}.";
    }
}
