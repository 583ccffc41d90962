using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>Made-up results, whose ratios can be worked out in the head.</summary>
internal static class SampleBoard
{
    /// <summary>
    /// alpha on 1 thread: magalloc 2, handle 1, mimalloc 4, P/Invoke 3, native 8. beta on 2: magalloc 5, mimalloc absent, jemalloc 10,
    /// tcmalloc failed, native 20. idle on 1: magalloc 7 with a timeline.
    /// </summary>
    public static Scoreboard Create() => new(
        [
            Line("alpha", "magalloc", 1, 2),
            Line("alpha", "magalloc-handle", 1, 1),
            Line("alpha", "native-memory", 1, 8),
            Line("alpha", "mimalloc", 1, 4),
            Line("alpha", "mimalloc-pinvoke", 1, 3),
            Line("beta", "magalloc", 2, 5),
            Line("beta", "native-memory", 2, 20),
            new ComparisonLine("beta", "mimalloc", 2, null, true, "libx.so is not installed"),
            Line("beta", "jemalloc", 2, 10),
            new ComparisonLine("beta", "tcmalloc", 2, null, false, "failed: signal 11 ended it") { Failed = true },
            Line("idle", "magalloc", 1, 7) with { Idle = Timeline() },
        ],
        [.. ContenderCatalog.All.Where(c => c.Name is "magalloc" or "magalloc-handle" or "native-memory" or "jemalloc" || c.Name.Contains("malloc"))]);

    private static ComparisonLine Line(string workload, string contender, int threads, double ns) =>
        new(workload, contender, threads, RoundSummary.Of([ns, ns * 1.5, ns / 2], true), false, null)
        {
            Resident = new ResidentFigures(30 << 20, (30 << 20) + (long)(ns * (1 << 20))),
            Latency = new LatencyFigures(20, 40, 90, 12_345, 1_000_000, 20.5),
        };

    private static IdleFigures Timeline() => IdleFigures.Of(
        [new ResidentPoint(0, 10 << 20), new ResidentPoint(20, 110 << 20), new ResidentPoint(40, 20 << 20)], 30, 10 << 20, 0, 50);
}
