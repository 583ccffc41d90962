using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Tool.Analysis.Page;

/// <summary>What the slabs of each size class hold.</summary>
internal static class ClassSection
{
    private const int MostClasses = 20;
    private const int MostOwners = 3;

    public static void Write(HtmlPage page, TraceModel trace)
    {
        OwnerHistory[] owners =
        [
            .. trace.Owners
                .Where(owner => owner.Kind is "heap" or "pool" && owner.Classes.Any(history => history.SlabBytes > 0))
                .OrderByDescending(owner => owner.Classes.Sum(history => history.SlabBytes))
                .Take(MostOwners),
        ];
        if (owners.Length == 0)
            return;
        page.Heading("Size classes", "What the slabs of a class held, on average over the trace; the classes with the most memory.");
        foreach (OwnerHistory owner in owners)
        {
            ClassHistory[] classes = [.. owner.Classes.OrderByDescending(history => history.SlabBytes).Take(MostClasses).OrderBy(history => history.BlockBytes)];
            page.Figure(
                $"Slabs of {owner.Title}",
                [("held by callers", PageColours.Live), ("in magazines", PageColours.ThreadCached), ("free, or behind the last block", PageColours.Rest)],
                new BarChart($"Size classes of {owner.Title}", [.. classes.Select(RowOf)]).Draw());
        }
    }

    private static BarRow RowOf(ClassHistory history)
    {
        double cached = Math.Min(history.CachedBytes, history.WasteBytes);
        string name = Text.Bytes(history.BlockBytes);
        return new BarRow(
            name,
            [
                (PageColours.Live, history.AllocatedBytes, $"{name}: {Text.Bytes((long)history.AllocatedBytes)} held by callers"),
                (PageColours.ThreadCached, cached, $"{name}: {Text.Bytes((long)cached)} in magazines"),
                (PageColours.Rest, history.WasteBytes - cached, $"{name}: {Text.Bytes((long)(history.WasteBytes - cached))} free, or behind the last block"),
            ],
            $"{Text.Bytes((long)history.SlabBytes)}, {Text.Number(100 * history.Waste, "0")} % not held");
    }
}
