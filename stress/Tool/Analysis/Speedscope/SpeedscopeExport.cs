using System.Globalization;
using System.Text.Json;
using MagAlloc.Tool.Analysis.Reading;
using MagAlloc.Tooling.Commands;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Etlx;
using Microsoft.Diagnostics.Tracing.EventPipe;

namespace MagAlloc.Tool.Analysis.Speedscope;

/// <summary>
/// Writes a trace for https://www.speedscope.app: unmanaged bytes by call stack and, if processor samples were taken, the time that
/// each thread spent in managed code. TraceEvent's own writer knows nothing but milliseconds, and lays every stack out as a pair of
/// events; here the weights of the first profile are bytes.
/// </summary>
internal static class SpeedscopeExport
{
    private const string Engine = "MagAlloc";
    private const int MostThreads = 32;

    // What a sample stands for is the time since the one before; after a gap (the thread slept in the runtime) not more than this.
    private const double LongestSampleMilliseconds = 10;
    private const double FirstSampleMilliseconds = 1;

    /// <returns>How many stacks were written.</returns>
    /// <exception cref="UsageException">The trace cannot be read.</exception>
    public static long Write(string traceFile, Stream output)
    {
        using TraceFile file = TraceFile.Open(traceFile);
        SpeedscopeFrames frames = new();
        SpeedscopeProfile allocations = new("Unmanaged allocations (bytes)", "bytes");
        Dictionary<int, (SpeedscopeProfile Profile, double Last)> threads = [];
        Dictionary<(bool IsAllocation, CallStackIndex Index), int[]> stacks = [];
        foreach (TraceEvent data in file.Events())
        {
            if (data.ProviderName == Engine && (int)data.ID == EventId.AllocationSampled)
                allocations.Add(StackOf(data, isAllocation: true), new Payload(data)["weightBytes"]);
            else if (data is ClrThreadSampleTraceData { Type: ClrThreadSampleType.Managed })
                AddTime(threads, data, StackOf(data, isAllocation: false));
        }

        SpeedscopeProfile[] profiles =
        [
            .. new[] { allocations }.Where(profile => profile.Total != 0),
            .. threads.Values.Select(entry => entry.Profile).OrderByDescending(profile => profile.Total).Take(MostThreads),
        ];
        JsonSerializer.Serialize(
            output,
            new SpeedscopeFile(Path.GetFileName(traceFile), new SpeedscopeFile.SharedPart(frames.Names.Select(name => new SpeedscopeFile.Frame(name))), profiles),
            SpeedscopeJson.Default.SpeedscopeFile);
        return profiles.Sum(profile => (long)profile.Count);

        int[] StackOf(TraceEvent data, bool isAllocation)
        {
            (bool, CallStackIndex) key = (isAllocation, data.CallStackIndex());
            if (!stacks.TryGetValue(key, out int[]? stack))
            {
                IReadOnlyList<string> names = [.. StackBook.FramesOf(data.CallStack())];
                stacks.Add(key, stack = [.. (isAllocation ? StackFrames.FromPublicMethod(names) : names).Reverse().Select(name => frames[name])]);
            }

            return stack;
        }
    }

    private static void AddTime(Dictionary<int, (SpeedscopeProfile Profile, double Last)> threads, TraceEvent data, int[] stack)
    {
        double now = data.TimeStampRelativeMSec;
        if (!threads.TryGetValue(data.ThreadID, out (SpeedscopeProfile Profile, double Last) entry))
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"Processor time in managed code, thread {data.ThreadID}");
            entry = (new SpeedscopeProfile(name, "milliseconds"), now - FirstSampleMilliseconds);
        }

        entry.Profile.Add(stack, Math.Min(now - entry.Last, LongestSampleMilliseconds));
        threads[data.ThreadID] = (entry.Profile, now);
    }
}
