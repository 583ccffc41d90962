using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Commands;

/// <summary>What follows the generated help of <c>compare</c>.</summary>
internal static class CompareGuide
{
    public static string Text => $$"""
        {{Lists}}

        Method: every contender runs in a process of its own, started for one workload and one number of threads, and is warmed up
        until the JIT has come to rest; then the rounds go through all contenders in turn, in another order each time. A figure is
        the median of the rounds, wall time per operation of all threads together, beside the fastest and the slowest round. An
        operation is one allocation with its free, in a replay one event of the trace, in realloc-… one step of growth. Every block
        is written to once, those of pair-2m and pair-16m never.
        Memory is the peak of the resident set up to the end of the rounds, less what was resident before the contender was made.
        About 6 MiB of it are the harness's own loops being compiled; with --quick, which warms up two children at a time, it
        scatters by 2 MiB. Latencies are of single allocations, timed in a pass of its own after the rounds; reading the clock is part of them.
        Compare within a run: absolute figures belong to the machine and its other work.

        Workloads that idle (burst-idle, churn-idle, idle-threads): a round is two bursts, then nothing is called for 3 s, in
        churn-idle for 10; with --quick 1.5 and 2. Their JSON has remainingShare and returnedPercent (of what the bursts added to
        the resident set: still there at the end, and gone after the first second), residentAfterIdleBytes (there at the end beyond
        what was before), firstBurstNsPerOperation (the burst that follows the idle time at once), idle-threads also
        bytesPerIdleThread. churn-idle and idle-threads count from after their loops are compiled.

        two-heaps and many-heaps are about heaps: an allocator that has one takes part as a reference, with that heap for all, and
        is named. In cold-start each round is a process of its own, in which the clock runs over the making of the heap, the first
        allocation and the first free: what an empty program needs is not in it. Native libraries are loaded and called by an
        ordinary P/Invoke there, managed peers by reflection.

        --aged WORKLOAD runs each workload twice: on a new heap, and on one where that workload has run for a second or more and has
        freed everything. The second run belongs to the large and aged.

        --managed-peer puts an allocator in managed code beside the others, which somebody else has built: its static methods are
        called through pointers, never inlined. It has no aligned and no zeroed blocks, and only what --managed-peer names of the
        rest; what it cannot do it is left out of. It does not count as a native peer.

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
          bench compare --managed-peer mine=/opt/lib/mine.dll:Mine.Memory:Allocate:Free:Reallocate
          bench compare --workload pair-64 random-64k-live --aged random-1m-live

        JSON: "results" is an array of {workload, contender, threads, nsPerOperation, spread {min, max}, operationsPerSecond,
        settled, peakResidentBytes, residentGrowthBytes, p50Ns, p99Ns, p999Ns, maxNs, timerNs}, for those that idle also
        remainingShare, endResidentBytes, residentAfterIdleBytes, returnedPercent, idleSeconds, firstBurstNsPerOperation and timeline
        [{ms, residentBytes}], for cold-start firstAllocationMs, on an aged heap agedBy, and remark where a contender does a workload
        in a way of its own; a figure that the system does not give is null. "skipped" tells who has no result, and why.
        "geomeans" has MagAlloc's advantages as geometric means over the workloads of the board, "geomeansLargeAndAged" over the
        others.
        Exit code: 0 measured, 1 a contender failed, out of memory, or interrupted, 2 usage.
        """;

    /// <summary>What <c>--list</c> prints: every name, in its group.</summary>
    public static string Lists => $"""
        Workloads, the board:
        {Workloads(WorkloadGroup.Board)}

        Workloads, large and aged (a mean of their own):
        {Workloads(WorkloadGroup.LargeAndAged)}

        Workloads without a mean (no native peer does the same):
        {Workloads(WorkloadGroup.Alone)}

        Contenders:
        {Names(ContenderCatalog.All.Select(c => (c.Name, c.Description)))}
        """;

    private static string Workloads(WorkloadGroup group) =>
        Names(WorkloadCatalog.All.Where(w => w.Group == group).Select(w => (w.Name, w.Description)));

    private static string Names(IEnumerable<(string Name, string Description)> entries) =>
        string.Join('\n', entries.Select(e => $"  {e.Name,-22} {e.Description}"));
}
