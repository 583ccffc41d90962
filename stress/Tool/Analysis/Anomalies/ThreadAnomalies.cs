using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>Threads that only allocate, and threads that only free.</summary>
internal static class ThreadAnomalies
{
    // Less than this in either direction is what any thread does while it warms up.
    private const long FewestMagazines = 32;
    private const long FewestSlabBytes = 8L << 20;
    private const double ShortestSeconds = 1;
    private const int MostNamed = 4;

    // One part in so many is not the thread's own: what a thread has not told when its owner is disposed, the disposing thread tells.
    private const int Foreign = 20;

    // Sampled bytes over bytes of fresh slabs: a thread that frees for itself allocates the same blocks many times over.
    private const double MostReuse = 1.5;

    public static IEnumerable<Anomaly> Of(TraceModel trace)
    {
        ThreadHistory[] takers = [.. trace.Threads.Where(NeverFrees).OrderByDescending(thread => thread.FromDepot + thread.SlabsClaimed)];
        foreach (ThreadHistory thread in takers.Take(MostNamed))
        {
            string slabs = thread.SlabsClaimed == 0 ? string.Empty : $" and {Text.Count(thread.SlabsClaimed)} slabs ({Text.Bytes(thread.SlabBytesClaimed)})";
            yield return new Anomaly(
                AnomalyKind.NeverFrees,
                Severity.Warning,
                $"{thread.Title} never frees: it took {Text.Count(thread.FromDepot)} magazines{slabs} in {Text.Number(thread.LastSeconds - thread.FirstSeconds, "0.0")} s and brought {(thread.ToDepot == 0 ? "none" : Text.Count(thread.ToDepot))} back. "
                + "What it allocates, others free, or nobody does.");
        }

        if (takers.Length > MostNamed)
            yield return new Anomaly(AnomalyKind.NeverFrees, Severity.Warning, $"{Text.Count(takers.Length - MostNamed)} more threads never free.");

        ThreadHistory[] givers = [.. trace.Threads.Where(thread => thread.FromDepot * Foreign <= thread.ToDepot && thread.SlabsClaimed == 0 && thread.ToDepot >= FewestMagazines)];
        if (givers.Length != 0)
        {
            yield return new Anomaly(
                AnomalyKind.OnlyFrees,
                Severity.Info,
                $"{Joined(givers)} only {(givers.Length == 1 ? "frees" : "free")} what others allocated: {Text.Count(givers.Sum(thread => thread.ToDepot))} magazines brought to depots, {Text.Count(givers.Sum(thread => thread.FromDepot))} taken.");
        }
    }

    private static bool NeverFrees(ThreadHistory thread) =>
        thread.ToDepot * Foreign <= thread.FromDepot
        && thread.LastSeconds - thread.FirstSeconds >= ShortestSeconds
        && (thread.FromDepot >= FewestMagazines
            || (thread.ToDepot == 0 && thread.SlabBytesClaimed >= FewestSlabBytes && thread.SampledBytes > 0 && thread.SampledBytes <= MostReuse * thread.SlabBytesClaimed));

    private static string Joined(ThreadHistory[] threads)
    {
        string names = string.Join(", ", threads.Take(MostNamed).Select(thread => thread.Title));
        return threads.Length > MostNamed ? $"{names} and {threads.Length - MostNamed} more" : names;
    }
}
