using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>What is wrong with the trace itself, and what concerns the whole process.</summary>
internal static class TraceAnomalies
{
    // From here on a pause is felt by whoever waits for an answer.
    private const double LongPauseMilliseconds = 50;

    public static IEnumerable<Anomaly> Of(TraceModel trace)
    {
        if (trace.CutNote is { } note)
            yield return new Anomaly(AnomalyKind.Incomplete, Severity.Warning, $"{Text.Capitalised(note)}.");

        if (trace.DroppedEvents != 0)
        {
            yield return new Anomaly(
                AnomalyKind.DroppedEvents,
                Severity.Error,
                $"{Text.Count(trace.DroppedEvents)} of {Text.Count(trace.DroppedEvents + trace.Events)} events were dropped because the session's buffers were full: "
                + "the sums below are too low. Take larger buffers, fewer keywords or a larger sampling interval.");
        }

        if (trace.InjectedFaults != 0)
        {
            string points = string.Join(", ", trace.Faults.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key} {Text.Count(pair.Value)}"));
            yield return new Anomaly(
                AnomalyKind.FaultsInjected,
                Severity.Info,
                $"{Text.Count(trace.InjectedFaults)} faults were injected{(points.Length == 0 ? string.Empty : $" ({points})")}: this is a test, and its figures are those of a program that fails on purpose.");
        }

        GcPause[] pauses = [.. trace.GcPauses.Where(pause => pause.Milliseconds >= LongPauseMilliseconds)];
        if (pauses.Length != 0)
        {
            GcPause longest = pauses.MaxBy(pause => pause.Milliseconds);
            yield return new Anomaly(
                AnomalyKind.LongGcPause,
                Severity.Info,
                $"{Text.Count(pauses.Length)} pauses of the garbage collector lasted {Text.Number(LongPauseMilliseconds, "0")} ms or more; the longest, {Text.Number(longest.Milliseconds, "0.0")} ms "
                + $"at {Text.Number(longest.Seconds, "0.0")} s, was of generation {longest.Generation}. They stop the engine's callers, not the engine's doing.");
        }

        long nameless = trace.Stacks.Where(stack => stack.Frames.Count == 0 || stack.Frames[0].EndsWith("(no name)", StringComparison.Ordinal)).Sum(stack => stack.Bytes);
        if (nameless * 2 > trace.SampledBytes && nameless != 0)
        {
            yield return new Anomaly(
                AnomalyKind.NoNames,
                Severity.Info,
                "Most sampled stacks have no names: the session ended without its rundown, in which the runtime names its methods, or walked no stacks.");
        }
    }
}
