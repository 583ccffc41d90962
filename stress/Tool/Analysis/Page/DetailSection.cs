using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Tool.Analysis.Page;

/// <summary>The figures behind the charts, as tables.</summary>
internal static class DetailSection
{
    private const int MostThreads = 40;
    private const int MostPasses = 30;

    public static void Write(HtmlPage page, TraceModel trace)
    {
        page.Heading("Figures");
        page.Table(
            ["owner", "peak committed", "end live", "end committed", "exchanges", "passes", "reclaimed", "slabs claimed", "slabs retired", "sampled"],
            trace.Owners.OrderByDescending(owner => owner.PeakCommittedBytes).Take(MostThreads).Select(OwnerRow));
        if (trace.Threads.Count != 0)
        {
            page.Folded($"Threads ({Text.Count(trace.Threads.Count)})", () => page.Table(
                ["thread", "exchanges", "a second", "from depots", "to depots", "slabs claimed", "sampled"],
                trace.Threads.OrderByDescending(thread => thread.TotalExchanges).ThenByDescending(thread => thread.SampledBytes).Take(MostThreads).Select(ThreadRow)));
        }

        (OwnerHistory Owner, ReclaimPass Pass)[] passes = [.. trace.Owners.SelectMany(owner => owner.Passes.Select(pass => (owner, pass)))];
        if (passes.Length != 0)
        {
            page.Folded($"The longest of {Text.Count(passes.Length)} reclaim passes", () => page.Table(
                ["owner", "at", "duration", "magazines", "decommitted"],
                passes.OrderByDescending(entry => entry.Pass.Milliseconds).Take(MostPasses).Select(entry => PassRow(entry.Owner, entry.Pass))));
        }

        page.Folded("Events of the engine", () => page.Table(
            ["event", "count"], trace.EngineEvents.Select(pair => (string[])[pair.Key, Text.Count(pair.Value)])));
    }

    private static string[] OwnerRow(OwnerHistory owner)
    {
        OwnerSample? last = owner.Samples.Count == 0 ? null : owner.Samples[^1];
        return
        [
            owner.Title,
            Text.Bytes(owner.PeakCommittedBytes),
            Text.Bytes(last?.AllocatedBytes),
            Text.Bytes(last?.CommittedBytes),
            Text.Count(owner.DepotExchanges),
            Text.Count(owner.Passes.Count),
            Text.Count(owner.ReclaimedMagazines),
            Text.Count(owner.SlabsClaimed),
            Text.Count(owner.SlabsRetired),
            Text.Bytes(owner.SampledBytes),
        ];
    }

    private static string[] ThreadRow(ThreadHistory thread) =>
    [
        thread.Title,
        Text.Count(thread.TotalExchanges),
        Text.Count((long)(thread.TotalExchanges / Math.Max(thread.LastSeconds - thread.FirstSeconds, 1))),
        Text.Count(thread.FromDepot),
        Text.Count(thread.ToDepot),
        Text.Count(thread.SlabsClaimed),
        Text.Bytes(thread.SampledBytes),
    ];

    private static string[] PassRow(OwnerHistory owner, ReclaimPass pass) =>
    [
        owner.Title,
        $"{Text.Number(pass.Seconds, "0.00")} s",
        Text.Nanoseconds((long)(pass.Milliseconds * 1e6)),
        Text.Count(pass.Magazines),
        Text.Bytes(pass.DecommittedBytes),
    ];
}
