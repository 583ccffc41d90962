using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tool.Tracing;

/// <summary>Which providers a session enables, and what it asks the runtime for besides.</summary>
internal static class EventSessions
{
    public const string Engine = "MagAlloc";
    public const string Runtime = "Microsoft-Windows-DotNETRuntime";

    // Stops all threads of the process a thousand times a second; the interval cannot be chosen from here.
    public const string CpuSamples = "Microsoft-DotNETCore-SampleProfiler";

    // Of the engine's keywords (docs/observability.md).
    private const long OwnerKeyword = 0x1;
    private const long SlabKeyword = 0x4;
    private const long CommitKeyword = 0x10;
    private const long SampleKeyword = 0x400;
    private const long StatisticsKeyword = 0x800;
    private const long AllKeywords = 0x1FFF;

    // GC, loader, JIT, exceptions, threading: what dotnet-trace calls "dotnet-common".
    private const long GcKeyword = 0x1;
    private const long CommonKeywords = 0x10_0003_801D;

    private const int DashboardMegabytes = 16;
    private const string StatisticsMs = "100";

    /// <summary>
    /// For a file. Stacks cost some microseconds for each event (a session has them for all of its events or for none), and the end of
    /// such a session names every method of the process ("rundown"): both are asked for only where something will be resolved by them.
    /// Slabs and commits, by far the most frequent events, come only with everything: without them the statistics, ten times a second,
    /// say what is committed and what its peak is.
    /// </summary>
    public static EventPipeSessionConfiguration ForTrace(TraceOptions options)
    {
        bool stacks = options.HasStacks;
        long keywords = AllKeywords;
        if (!options.Everything)
            keywords &= ~(SlabKeyword | CommitKeyword);
        if (options.SampleBytes == 0)
            keywords &= ~SampleKeyword;
        Dictionary<string, string> arguments = new()
        {
            ["SampleBytes"] = options.SampleBytes.ToString(CultureInfo.InvariantCulture),
            ["MostSamples"] = options.MostSamples.ToString(CultureInfo.InvariantCulture),

            // Another session, such as the dashboard's, may have asked for others.
            ["StatisticsMs"] = StatisticsMs,
        };
        List<EventPipeProvider> providers =
        [
            new(Engine, options.Everything ? EventLevel.Verbose : EventLevel.Informational, keywords, arguments),
            new(Runtime, EventLevel.Informational, options.Everything ? CommonKeywords : GcKeyword),
        ];
        if (options.CpuSamples)
            providers.Add(new EventPipeProvider(CpuSamples, EventLevel.Informational));
        return new EventPipeSessionConfiguration(providers, options.BufferMegabytes, requestRundown: stacks, requestStackwalk: stacks);
    }

    /// <summary>For the dashboard: statistics only, no stacks, a small buffer.</summary>
    public static EventPipeSessionConfiguration ForDashboard(TimeSpan interval)
    {
        Dictionary<string, string> arguments = new()
        {
            ["StatisticsMs"] = ((long)interval.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
        };
        EventPipeProvider engine = new(Engine, EventLevel.Informational, OwnerKeyword | StatisticsKeyword, arguments);
        return new EventPipeSessionConfiguration([engine], DashboardMegabytes, requestRundown: false, requestStackwalk: false);
    }
}
