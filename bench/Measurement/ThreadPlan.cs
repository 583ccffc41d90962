using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Measurement;

/// <summary>On which numbers of threads a workload is measured.</summary>
/// <param name="Counts">Ascending; empty when none of those asked for fits.</param>
/// <param name="Note">What the user asked for and does not get; else null.</param>
internal sealed record ThreadPlan(IReadOnlyList<int> Counts, string? Note)
{
    /// <param name="entry">The workload.</param>
    /// <param name="asked">The numbers asked for; empty for the workload's own.</param>
    public static ThreadPlan For(WorkloadEntry entry, IReadOnlyList<int> asked)
    {
        if (asked.Count == 0)
            return new ThreadPlan([entry.Threads.Default], null);
        if (entry.Threads.Fixed is { } only)
            return new ThreadPlan([only], asked is [int one] && one == only ? null : $"runs on {entry.Threads.Accepted}, whatever --threads says");
        int[] refused = [.. asked.Where(count => !entry.Threads.Accepts(count))];
        return new ThreadPlan(
            [.. asked.Except(refused).Order()],
            refused.Length == 0 ? null : $"runs on {entry.Threads.Accepted}: not measured on {string.Join(", ", refused)}");
    }
}
