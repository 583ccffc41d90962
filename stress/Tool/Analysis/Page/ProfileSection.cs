using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Tool.Analysis.Page;

/// <summary>Who allocates: the sampled stacks as a tree, and the heaviest one by one.</summary>
internal static class ProfileSection
{
    private const int MostSites = 20;

    public static void Write(HtmlPage page, TraceModel trace, int stacks)
    {
        if (trace.Stacks.Count == 0)
            return;
        page.Heading(
            "Unmanaged allocation by call stack",
            $"{Text.Count(trace.Stacks.Sum(stack => stack.Samples))} sampled allocations stand for {Text.Bytes(trace.SampledBytes)}. Only managed methods can be named; the engine's own are left out below its public ones.");
        CallNode root = new("everything");
        foreach (AllocationStack stack in trace.Stacks)
            root.Add(stack.Frames.Reverse(), stack.Bytes);
        page.Figure("Calls", [], new FlameChart("Unmanaged allocation by call stack", root, Text.Bytes, StackFrames.WithoutNamespace).Draw(), "Callers on top; a box is as wide as its share of the bytes.");
        page.Table(
            ["allocated by", "bytes", "samples", "live at the end, at most"],
            trace.Sites.Take(MostSites).Select(site => (string[])[site.Site, Text.Bytes(site.Bytes), Text.Count(site.Samples), Text.Bytes(site.MostLiveBytes)]));
        page.Stacks([.. trace.Stacks.Take(stacks).Select(stack => new HtmlStack(
            stack.Bytes / (double)Math.Max(trace.SampledBytes, 1),
            $"{Text.Bytes(stack.Bytes)}, {Text.Count(stack.Samples)} samples",
            stack.Title,
            stack.Frames))]);
    }
}
