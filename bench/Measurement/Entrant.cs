using System.Diagnostics;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Measurement;

/// <summary>A contender in a workload: warms its cell up, runs its rounds and keeps their times.</summary>
internal sealed class Entrant(string contender, Cell cell, int lanes, LaneTeam team)
{
    // A machine so busy that the JIT does not come to rest must not hold the run up forever.
    private static readonly TimeSpan s_longestWarmUp = TimeSpan.FromSeconds(4);

    // Long enough for the clock, short enough to look at the JIT between two of them.
    private static readonly TimeSpan s_warmUpStep = TimeSpan.FromMilliseconds(10);

    // Part of a round that runs before it, unmeasured: the contender before has left its own blocks in the caches.
    private const int LeadInDivisor = 10;

    private readonly List<double> _nsPerOperation = [];
    private long _slicesPerRound;

    public string Contender => contender;

    /// <summary>False when the JIT was still at work at the end of the warm-up.</summary>
    public bool Settled { get; private set; }

    public IReadOnlyList<double> NsPerOperation => _nsPerOperation;

    public void Prepare() => team.Run(lanes, new LaneTask(cell.Prepare, cell.Abandon));

    /// <summary>Runs until the loops are compiled for good, and finds how many slices make a round.</summary>
    public void WarmUp(Pace pace)
    {
        CompiledMethods compiled = new();
        long start = Stopwatch.GetTimestamp();
        long slices = 1;
        double nsPerSlice;
        do
        {
            nsPerSlice = Run(slices).TotalNanoseconds / slices;
            slices = SlicesIn(s_warmUpStep, nsPerSlice);
            Settled = compiled.AtRest();
        }
        while (Stopwatch.GetElapsedTime(start) is var elapsed
            && (elapsed < pace.WarmUp || (!Settled && elapsed < s_longestWarmUp)));

        _slicesPerRound = SlicesIn(pace.Round, nsPerSlice);
    }

    public void RunRound()
    {
        Run(Math.Max(1, _slicesPerRound / LeadInDivisor));
        TimeSpan time = Run(_slicesPerRound);
        _nsPerOperation.Add(time.TotalNanoseconds / (_slicesPerRound * cell.OperationsPerSlice));
    }

    public void Clean() => team.Run(lanes, new LaneTask(cell.Clean, cell.Abandon));

    private static long SlicesIn(TimeSpan time, double nsPerSlice) => Math.Max(1, (long)(time.TotalNanoseconds / Math.Max(nsPerSlice, 1)));

    private TimeSpan Run(long slices) => team.Run(lanes, new LaneTask(lane => cell.Run(lane, slices), cell.Abandon));
}
