using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Commands;

/// <summary>What follows the generated help of <c>compare</c>.</summary>
internal static class CompareGuide
{
    public static string Text { get; } = $$"""
        Workloads:
        {{Names(WorkloadCatalog.All.Select(w => (w.Name, w.Description)))}}

        Contenders:
        {{Names(ContenderCatalog.All.Select(c => (c.Name, c.Description)))}}

        Method: every contender runs in a process of its own, started for one workload and one number of threads, and is warmed up
        until the JIT has come to rest; then the rounds go through all contenders in turn, in another order each time. A figure is
        the median of the rounds, wall time per operation of all threads together, beside the fastest and the slowest round. An
        operation is one allocation with its free, in a replay one event of the trace. Every block is written to once.
        Memory is the peak of the resident set up to the end of the rounds, less what was resident before the contender was made.
        About 6 MiB of it are the harness's own loops being compiled; with --quick, which warms up two children at a time, it
        scatters by 2 MiB. Latencies are of single allocations, timed in a pass of its own after the rounds; reading the clock is part of them.
        Compare within a run: absolute figures belong to the machine and its other work.

        A native library that is not installed is shown as absent, with the Debian package that brings it. "Best native peer" is
        the fastest of those that are called with SuppressGCTransition, those of --peer included. MagAlloc's advantage over it is
        that peer's time divided by its own: above 1, MagAlloc is faster.

        Examples:
          bench compare --report report                         everything with care: a minute for each workload
          bench compare --quick                                 a first look at everything
          bench compare --quick --workload pair-64              one workload in a few seconds
          bench compare --contender magalloc mimalloc --rounds 51 --json out.json
          bench compare --workload larson --threads 1,2,4 --report report
          bench compare --peer mimalloc3=/opt/lib/libmimalloc.so.3:mi_

        JSON: "results" is an array of {workload, contender, threads, nsPerOperation, spread {min, max}, operationsPerSecond,
        settled, peakResidentBytes, residentGrowthBytes, p50Ns, p99Ns, p999Ns, maxNs, timerNs}, for burst-idle also remainingShare,
        endResidentBytes, firstBurstNsPerOperation and timeline [{ms, residentBytes}]; a figure that the system does not give is null. "skipped" tells who has
        no result, and why. "geomeans" has MagAlloc's advantages as geometric means over the workloads.
        Exit code: 0 measured, 1 a contender failed, out of memory, or interrupted, 2 usage.
        """;

    private static string Names(IEnumerable<(string Name, string Description)> entries) =>
        string.Join('\n', entries.Select(e => $"  {e.Name,-22} {e.Description}"));
}
