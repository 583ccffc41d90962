using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Stress.Tracing;

/// <summary>Which providers a session enables, and what it asks the runtime for besides.</summary>
internal static class EventSessions
{
    public const string Engine = "MagAlloc";
    public const string Runtime = "Microsoft-Windows-DotNETRuntime";
    public const string CpuSamples = "Microsoft-DotNETCore-SampleProfiler";

    // Of the engine's keywords (docs/observability.md).
    private const long OwnerKeyword = 0x1;
    private const long SlabKeyword = 0x4;
    private const long SampleKeyword = 0x400;
    private const long StatisticsKeyword = 0x800;
    private const long AllKeywords = 0xFFF;

    // GC, loader, JIT, exceptions, threading: what dotnet-trace calls "dotnet-common".
    private const long GcKeyword = 0x1;
    private const long CommonKeywords = 0x10_0003_801D;

    private const int DashboardMegabytes = 16;

    /// <summary>
    /// For a file. Stacks cost some microseconds for each event, and the end of a session that has them names every method of the
    /// process ("rundown"): both are asked for only where something will be resolved by them.
    /// </summary>
    public static EventPipeSessionConfiguration ForTrace(TraceOptions options)
    {
        bool stacks = options.SampleBytes != 0 || options.Everything;
        long keywords = AllKeywords;
        if (!options.Everything)
            keywords &= ~SlabKeyword;
        if (options.SampleBytes == 0)
            keywords &= ~SampleKeyword;
        Dictionary<string, string> arguments = new()
        {
            ["SampleBytes"] = options.SampleBytes.ToString(CultureInfo.InvariantCulture),
        };
        List<EventPipeProvider> providers =
        [
            new(Engine, options.Everything ? EventLevel.Verbose : EventLevel.Informational, keywords, arguments),
            new(Runtime, EventLevel.Informational, options.Everything ? CommonKeywords : GcKeyword),
        ];
        if (options.Everything)
            providers.Add(new EventPipeProvider(CpuSamples, EventLevel.Informational));
        return new EventPipeSessionConfiguration(providers, options.BufferMegabytes, requestRundown: stacks, requestStackwalk: stacks);
    }

    /// <summary>For the dashboard: statistics only, no stacks, a small buffer.</summary>
    public static EventPipeSessionConfiguration ForDashboard(TimeSpan interval)
    {
        Dictionary<string, string> arguments = new()
        {
            ["SampleBytes"] = "0",
            ["StatisticsMs"] = ((long)interval.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
        };
        EventPipeProvider engine = new(Engine, EventLevel.Informational, OwnerKeyword | StatisticsKeyword, arguments);
        return new EventPipeSessionConfiguration([engine], DashboardMegabytes, requestRundown: false, requestStackwalk: false);
    }
}
