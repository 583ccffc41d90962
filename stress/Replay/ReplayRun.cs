using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Traces;

namespace MagAlloc.Stress.Replay;

/// <summary>Replays several traces one after the other and prints what each cost.</summary>
internal static class ReplayRun
{
    private const int MaxThreads = 1024;

    private static readonly string[] s_headers =
        ["trace", "events", "threads", "ns/event", "peak live", "peak committed", "ratio", "end committed", "resident growth", "end resident", "corruptions", "budget"];

    /// <summary>Loads and validates every file before the first is replayed.</summary>
    public static void Execute(
        IReadOnlyList<string> files,
        ReplayOptions options,
        RunReport report,
        StressConsole console,
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
        StressConsole console,
        CancellationToken interruption)
    {
        List<ReplayResult> results = [];
        foreach (AllocationTrace trace in traces)
        {
            if (interruption.IsCancellationRequested)
                break;
            using TraceReplay replay = new(trace, options);
            ReplayResult result = console.Busy($"replaying {trace.Name}", replay.Run);
            results.Add(result);
            report.Add(result);
        }

        if (results.Count != 0)
            console.Grid(s_headers, [.. results.Select(RowOf)]);
    }

    private static string[] RowOf(ReplayResult result) =>
    [
        Path.GetFileName(result.File),
        Text.Count(result.Events),
        Text.Count(result.Threads),
        Text.Number(result.NsPerEvent, "0.0"),
        Text.Bytes(result.PeakLiveBytes),
        Text.Bytes(result.PeakCommittedBytes),
        result.CommittedPerLive is { } ratio ? Text.Number(ratio, "0.00") : "–",
        Text.Bytes(result.EndCommittedBytes),
        Text.Bytes(result.PeakResidentGrowthBytes),
        Text.Bytes(result.EndResidentBytes),
        Text.Count(result.Corruptions),
        result.WithinBudget switch { true => "kept", false => "exceeded", null => "–" },
    ];

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
