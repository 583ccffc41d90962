using System.Diagnostics;
using MagAlloc.Tool.Analysis.Anomalies;
using MagAlloc.Tool.Analysis.Page;
using MagAlloc.Tool.Analysis.Reading;
using MagAlloc.Tool.Analysis.Speedscope;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis;

/// <summary>Reads a trace, prints what it says, and writes it as JSON and as a page.</summary>
internal static class AnalyzeRun
{
    // On the terminal; the files have as many as were asked for.
    private const int PrintedSites = 10;
    private const int PrintedStacks = 5;
    private const int PrintedOwners = 10;

    /// <param name="request">What to read, and what to write.</param>
    /// <param name="console">For progress and what the trace says.</param>
    /// <param name="complain">Takes a line for standard error: where a trace without an end breaks off.</param>
    /// <param name="interruption">Ctrl-C.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="UsageException">The trace cannot be read, or (strictly) has no end, or a file not be written.</exception>
    public static int Execute(AnalyzeRequest request, ProgramConsole console, Action<string> complain, CancellationToken interruption)
    {
        OutputFile.RefuseInput(request.File, ("--json", request.JsonFile), ("--html", request.HtmlFile), ("--speedscope", request.SpeedscopeFile));
        using OutputFile? json = OutputFile.Open("--json", request.JsonFile);
        using OutputFile? html = OutputFile.Open("--html", request.HtmlFile);
        using OutputFile? profile = OutputFile.Open("--speedscope", request.SpeedscopeFile);
        if (Read(request.File, console, interruption) is not { } trace)
        {
            console.Line("interrupted");
            return StandardStreams.OutputEnded.IsCancellationRequested ? ExitCode.Pass : ExitCode.Failure;
        }

        if (trace.CutNote is { } note)
        {
            if (request.Strict)
                throw new UsageException($"{trace.File}: {note} (--strict)");
            complain($"{request.Program}: warning: {trace.File}: {note}");
        }

        IReadOnlyList<Anomaly> anomalies = AnomalySearch.Find(trace);
        Print(request.Program, trace, anomalies, console);
        json?.Write(new TraceJson(trace, anomalies, request.Stacks), ToolJson.Default.TraceJson);
        html?.Write(TracePage.Of(trace, anomalies, request.Stacks));
        profile?.Write(stream => SpeedscopeExport.Write(request.File, stream));
        return ExitCode.Pass;
    }

    /// <summary>Reads a trace without a word, as a test or another command wants it.</summary>
    /// <exception cref="UsageException">The trace cannot be read, or has no event of the engine.</exception>
    public static TraceModel Read(string file)
    {
        using TraceFile opened = TraceFile.Open(file);
        return Checked(new TraceReader(opened).Read(CancellationToken.None));
    }

    /// <summary>Reads a trace and shows how far it is; null when interrupted.</summary>
    private static TraceModel? Read(string file, ProgramConsole console, CancellationToken interruption)
    {
        long start = Stopwatch.GetTimestamp();
        TraceReader? reader = null;
        using Task<TraceModel> reading = Task.Run(
            () =>
            {
                using TraceFile opened = TraceFile.Open(file);
                Volatile.Write(ref reader, new TraceReader(opened));
                return reader.Read(interruption);
            },
            CancellationToken.None);
        console.Watch(
            () => reading.IsCompleted,
            () =>
            [
                new("reading", Path.GetFileName(file)),
                new("elapsed", Text.Seconds(Stopwatch.GetElapsedTime(start))),
                new("events", Text.Count(Volatile.Read(ref reader)?.EventsRead ?? 0)),
            ]);
        try
        {
            return Checked(reading.GetAwaiter().GetResult());
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static TraceModel Checked(TraceModel trace) => trace.EngineEvents.Count != 0
        ? trace
        : throw new UsageException($"{trace.File}: has no event of MagAlloc among its {Text.Count(trace.Events)}; was the provider 'MagAlloc' enabled, and a heap used?{(trace.CutNote is { } note ? $" ({note})" : string.Empty)}");

    private static void Print(string program, TraceModel trace, IReadOnlyList<Anomaly> anomalies, ProgramConsole console)
    {
        console.Heading($"{trace.File}: {trace.Process} (process {trace.ProcessId})");
        console.Summary(
        [
            new("duration", Text.Seconds(trace.Duration)),
            new("events", Text.Count(trace.Events)),
            new("dropped events", Text.Count(trace.DroppedEvents)),
            new("peak committed", Text.Bytes(trace.PeakCommittedBytes)),
            new("depot exchanges", Text.Count(trace.DepotExchanges)),
            new("magazines reclaimed", Text.Count(trace.ReclaimedMagazines)),
            new("reclaim passes", Text.Count(trace.Owners.Sum(owner => owner.Passes.Count))),
            new("faults injected", Text.Count(trace.InjectedFaults)),
            new("GC pauses", $"{Text.Count(trace.GcPauses.Count)}, {Text.Number(trace.GcPauses.Sum(pause => pause.Milliseconds), "0.0")} ms"),
            new("sampled allocations", $"{Text.Count(trace.Stacks.Sum(stack => stack.Samples))} for {Text.Bytes(trace.SampledBytes)}"),
        ]);
        if (trace.Owners.Count != 0)
        {
            console.Grid(
                ["owner", "peak committed", "exchanges", "passes", "reclaimed", "sampled"],
                [.. trace.Owners.OrderByDescending(owner => owner.PeakCommittedBytes).Take(PrintedOwners).Select(RowOf)]);
        }

        OwnerHistory[] queues = [.. trace.Owners.Where(owner => owner.Buffers?.Samples.Count > 0)];
        if (queues.Length != 0)
        {
            console.Grid(
                ["queue", "hand-overs", "importers gone", "peak orphaned", "reclaimed", "longest", "revoked", "refused"],
                [.. queues.Take(PrintedOwners).Select(owner => RowOf(owner, owner.Buffers!))]);
        }

        PrintSites(trace, console);
        if (trace.Stacks.Count != 0)
        {
            console.Grid(
                ["by call stack", "bytes", "samples"],
                [.. trace.Stacks.Take(PrintedStacks).Select(stack => (string[])[stack.Title, Text.Bytes(stack.Bytes), Text.Count(stack.Samples)])]);
        }

        foreach (Anomaly anomaly in anomalies)
            console.Line($"{anomaly.Severity.ToString().ToUpperInvariant()} {anomaly.Text}");
        if (anomalies.Count == 0)
            console.Line("no anomalies");
        if (!trace.EngineEvents.ContainsKey("ClassStatistics") && trace.Owners.Any(owner => owner.Kind is "heap" or "pool"))
            console.Line($"size classes were not recorded: nothing is said of their waste ({program} trace --everything)");
    }

    /// <summary>Who allocated, the heaviest first.</summary>
    public static void PrintSites(TraceModel trace, ProgramConsole console)
    {
        if (trace.Stacks.Count == 0)
            return;
        console.Grid(
            ["allocated by", "bytes", "samples", "live, at most"],
            [.. trace.Sites.Take(PrintedSites).Select(site =>
                (string[])[StackFrames.WithoutNamespace(site.Site), Text.Bytes(site.Bytes), Text.Count(site.Samples), Text.Bytes(site.MostLiveBytes)])]);
    }

    private static string[] RowOf(OwnerHistory owner) =>
    [
        owner.Title,
        Text.Bytes(owner.PeakCommittedBytes),
        Text.Count(owner.DepotExchanges),
        Text.Count(owner.Passes.Count),
        Text.Count(owner.ReclaimedMagazines),
        Text.Bytes(owner.SampledBytes),
    ];

    private static string[] RowOf(OwnerHistory owner, BufferHistory buffers) =>
    [
        owner.Title,
        Text.Count(buffers.Last.HandOvers),
        Text.Count(buffers.ImportersGone),
        Text.Bytes(buffers.PeakOrphanedBytes),
        Text.Count(buffers.Last.Reclaims),
        Text.Nanoseconds((long)(buffers.LongestReclaimMilliseconds * 1e6)),
        Text.Count(buffers.Last.Revocations),
        Text.Count(buffers.Refusals.Values.Sum()),
    ];
}
