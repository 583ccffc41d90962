using MagAlloc.Stress.Reporting;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Stress.Replay;

/// <summary>Replays several traces one after the other and prints what each cost.</summary>
internal static class ReplayRun
{
    private const int MaxThreads = 1024;

    // A column a trace, four side by side: that fits a terminal of 80 columns, a line a trace would not.
    private const int TracesAbreast = 4;

    /// <summary>What is reported of each trace.</summary>
    public static readonly IReadOnlyList<(string Name, Func<ReplayResult, string> Value)> Figures =
    [
        ("events", r => Text.Count(r.Events)),
        ("threads", r => Text.Count(r.Threads)),
        ("ns per event", r => Text.Number(r.NsPerEvent, "0.0")),
        ("peak live", r => Text.Bytes(r.PeakLiveBytes)),
        ("peak committed", r => Text.Bytes(r.PeakCommittedBytes)),
        ("committed / live", r => r.CommittedPerLive is { } ratio ? Text.Number(ratio, "0.00") : "–"),
        ("end committed", r => Text.Bytes(r.EndCommittedBytes)),
        ("memory budget", r => r.WithinBudget switch { true => "kept", false => "exceeded", null => "–" }),
        ("resident growth", r => Text.Bytes(r.PeakResidentGrowthBytes)),
        ("end resident", r => Text.Bytes(r.EndResidentBytes)),
        ("corruptions", r => Text.Count(r.Corruptions)),
        ("leaked blocks", r => Text.Count(r.LeakedBlocks)),
    ];

    /// <summary>Loads and validates every file before the first is replayed.</summary>
    public static void Execute(
        IReadOnlyList<string> files,
        ReplayOptions options,
        RunReport report,
        ProgramConsole console,
        CancellationToken interruption)
    {
        List<AllocationTrace> traces = [];
        try
        {
            foreach (string file in files)
            {
                AllocationTrace trace = console.Busy($"loading {file}", () => TraceReader.Load(file));
                traces.Add(trace);
                CheckFeasible(trace, options);
            }

            // Loading leaves garbage as large as the traces; it must not count in the resident set of the replay.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            Execute(traces, options, report, console, interruption);
        }
        finally
        {
            traces.ForEach(trace => trace.Dispose());
        }
    }

    public static string Title(ReplayOptions options)
    {
        string allocator = options.Allocator == ReplayAllocatorKind.Libc ? "libc" : $"magalloc, checks {options.Checks}";
        return $"replay: {allocator}, {(options.Threaded ? "one thread per recorded thread" : "one thread")}, verify {options.Verify}";
    }

    private static void Execute(
        List<AllocationTrace> traces,
        ReplayOptions options,
        RunReport report,
        ProgramConsole console,
        CancellationToken interruption)
    {
        List<ReplayResult> results = [];
        foreach (AllocationTrace trace in traces)
        {
            if (interruption.IsCancellationRequested)
                break;
            using TraceReplay replay = new(trace, options, report.Timeline, interruption);
            ReplayResult result = console.Busy($"replaying {trace.Name}", replay.Run);
            results.Add(result);
            report.Add(result);
        }

        foreach (ReplayResult[] abreast in results.Chunk(TracesAbreast))
            Print(abreast, console);
    }

    private static void Print(ReplayResult[] results, ProgramConsole console)
    {
        string[] headers = ["trace", .. results.Select(r => AllocationTrace.NameOf(r.File))];
        console.Grid(headers, [.. Figures.Select(f => (string[])[f.Name, .. results.Select(f.Value)])]);
    }

    private static void CheckFeasible(AllocationTrace trace, ReplayOptions options)
    {
        if (options.Allocator == ReplayAllocatorKind.Libc && OperatingSystem.IsWindows())
            throw new UsageException("--allocator: libc needs a Unix C library; give magalloc");
        if (options.Threaded && trace.Threads.Count > MaxThreads)
            throw new UsageException($"--threaded: {trace.File} has {trace.Threads.Count} threads; at most {MaxThreads}");
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (trace.PeakLiveBytes > available)
        {
            throw new UsageException(
                $"{trace.File}: {Text.Bytes(trace.PeakLiveBytes)} live at its peak; this machine has {Text.Bytes(available)}");
        }
    }
}
