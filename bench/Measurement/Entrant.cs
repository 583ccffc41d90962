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
    private double _nsPerSlice;
    private long _slicesPerRound;
    private TimeSpan _round;

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
        do
        {
            _nsPerSlice = Run(slices).TotalNanoseconds / slices;
            slices = SlicesIn(s_warmUpStep);
            Settled = compiled.AtRest();
        }
        while (Stopwatch.GetElapsedTime(start) is var elapsed
            && (elapsed < pace.WarmUp || (!Settled && elapsed < s_longestWarmUp)));

        _round = pace.Round;
        _slicesPerRound = SlicesIn(_round);
    }

    /// <summary>A measured round; returns its nanoseconds per operation.</summary>
    public double RunRound()
    {
        long leadIn = Math.Max(1, _slicesPerRound / LeadInDivisor);
        TimeSpan time = Run(leadIn);
        if (_nsPerOperation.Count == 0)
        {
            // Another process may have warmed up beside this one: only now it has the machine for itself.
            _nsPerSlice = Math.Min(_nsPerSlice, time.TotalNanoseconds / leadIn);
            _slicesPerRound = SlicesIn(_round);
        }

        return Measure(_slicesPerRound);
    }

    /// <summary>
    /// A measured round of one slice, after another that finds what idle time has left: memory that was given back must be had
    /// again, and that is a price of its own.
    /// </summary>
    /// <param name="firstNs">Nanoseconds per operation of that other slice.</param>
    public double RunBurst(out double firstNs)
    {
        firstNs = Run(1).TotalNanoseconds / cell.OperationsPerSlice;
        return Measure(1);
    }

    /// <summary>Runs for about this long, unmeasured.</summary>
    public void RunFor(TimeSpan time) => Run(SlicesIn(time));

    public void Clean() => team.Run(lanes, new LaneTask(cell.Clean, cell.Abandon));

    private double Measure(long slices)
    {
        double ns = Run(slices).TotalNanoseconds / (slices * cell.OperationsPerSlice);
        _nsPerOperation.Add(ns);
        return ns;
    }

    private long SlicesIn(TimeSpan time) => Math.Max(1, (long)(time.TotalNanoseconds / Math.Max(_nsPerSlice, 1)));

    private TimeSpan Run(long slices) => team.Run(lanes, new LaneTask(lane => cell.Run(lane, slices), cell.Abandon));
}
