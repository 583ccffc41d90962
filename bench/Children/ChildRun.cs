using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Contenders.Timed;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>One contender at one workload, in a process that holds nothing else: the work behind the child's answers.</summary>
internal sealed class ChildRun : IChildRun
{
    private readonly ChildAssignment _assignment;
    private readonly Workload _workload;
    private readonly Workload? _ageing;
    private readonly LaneTeam _team;
    private readonly long? _baseline;
    private readonly Contender _contender;
    private readonly List<IdleFigures> _idle = [];
    private readonly LatencyBook _book = new();
    private Entrant? _entrant;
    private Entrant? _timed;
    private ResidentSampler? _sampler;
    private Cell? _cell;
    private double _firstBurstNs;
    private double _idleFromMs;
    private bool _roundsEnded;
    private ResidentFigures? _resident;
    private LatencyFigures? _latency;

    public ChildRun(ChildAssignment assignment)
    {
        _assignment = assignment;
        _workload = Find(assignment.Workload).Create(assignment.Threads);
        if (assignment.AgedBy is { } agedBy)
            _ageing = Ageing(Find(agedBy), assignment.Threads);
        _team = new LaneTeam(Math.Max(_workload.Threads, _ageing?.Threads ?? 0));

        // What is resident from here on is the contender's doing.
        Rehearse();
        _baseline = ProcessMemory.ResidentBytes();
        _contender = assignment.FindContender().Create();
    }

    /// <summary>False when there is nothing to measure; <see cref="Begin"/> has told why.</summary>
    public bool TakesPart => _entrant is not null;

    /// <summary>Fills the workload's live set and warms up; returns the child's first line.</summary>
    public string Begin()
    {
        if (_contender.Absence is { } absence)
            return $"{Protocol.Absent} {absence}";
        if (_contender.Objection(_workload) is { } objection)
            return $"{Protocol.Unfit} {objection}";

        if (_ageing is not null)
        {
            if (_contender.Objection(_ageing) is { } reason)
                return $"{Protocol.Unfit} cannot be aged by {_ageing.Name}: {reason}";
            Age(_ageing);
        }

        _cell = _contender.Enter(_workload);
        _entrant = WarmedUp(_cell);
        return $"{(_workload.Idles ? Protocol.ReadyToIdle : Protocol.Ready)} {_workload.Operation}";
    }

    /// <summary>A measured round; nanoseconds per operation.</summary>
    public double Round() => _workload.Idles ? Burst() : _entrant!.RunRound();

    /// <summary>
    /// Ends the rounds, and warms up for timing single allocations: in a live set of their own, after the measured one has been
    /// freed. Not where a workload idles: its one burst would tell what a page fault takes.
    /// </summary>
    public void RehearseTiming()
    {
        EndRounds();
        if (!_workload.Idles)
            _timed = WarmedUp(_contender.EnterTimed(_workload, _book));
    }

    /// <summary>Times single allocations.</summary>
    public void TimeAllocations()
    {
        if (_timed is null)
            return;
        _book.Clear();
        _timed.RunFor(_assignment.Pace.LatencyPass);
        LatencyHistogram histogram = _book.Merged();
        _timed.Clean();
        _latency = new LatencyFigures(
            histogram.Percentile(0.5),
            histogram.Percentile(0.99),
            histogram.Percentile(0.999),
            histogram.Max,
            histogram.Count,
            Math.Round(TimerCost.Measure(), 1));
    }

    public ChildFigures Finish()
    {
        EndRounds();
        return new ChildFigures(_entrant!.Settled, _resident, _latency, IdleFigures.Median(_idle), _contender.Remark(_workload));
    }

    public void Dispose()
    {
        _sampler?.Dispose();
        _team.Dispose();
        _contender.Dispose();
        _ageing?.Dispose();
        _workload.Dispose();
    }

    // What every child does whatever its contender: the first calls of the harness are compiled, the threads' stacks are touched,
    // and the garbage of the start is collected.
    private void Rehearse()
    {
        _team.Run(_workload.Threads, new LaneTask(_ => Thread.Yield(), () => { }));
        _ = ProcessMemory.PeakBytes();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        ProcessMemory.TryResetPeak();
    }

    private static WorkloadEntry Find(string name) => WorkloadCatalog.All.Single(entry => entry.Name == name);

    // On as many threads as the workload that it ages the heap for, where it can.
    private static Workload Ageing(WorkloadEntry entry, int threads) =>
        entry.Create(entry.Threads.Accepts(threads) ? threads : entry.Threads.Default);

    // The other workload runs as long as it takes to compile it, and then for some rounds. Of what it had alive nothing is left,
    // of how it left the allocator everything.
    private void Age(Workload ageing)
    {
        Entrant entrant = WarmedUp(ageing, _contender.Enter(ageing));
        entrant.RunFor(_assignment.Pace.Ageing);
        entrant.Clean();
    }

    private Entrant WarmedUp(Cell cell) => WarmedUp(_workload, cell);

    private Entrant WarmedUp(Workload workload, Cell cell)
    {
        Entrant entrant = new(_contender.Name, cell, workload.Threads, _team);
        entrant.Prepare();
        entrant.WarmUp(_assignment.Pace);

        // A collection that the set-up made due shall not fall into a round.
        GC.Collect();
        return entrant;
    }

    // The sampler goes on when the burst is over: the parent has another child's burst done meanwhile.
    private double Burst()
    {
        EndIdling();
        TimeSpan idle = _workload.IdleIn(_assignment.Pace);
        _sampler = new ResidentSampler(idle);
        double ns = _entrant!.RunBurst(out _firstBurstNs);
        _idleFromMs = _sampler.Elapsed.TotalMilliseconds;
        _sampler.EndAfter(idle);
        return ns;
    }

    private void EndIdling()
    {
        if (_sampler is null)
            return;
        IReadOnlyList<ResidentPoint> timeline = _sampler.Await();
        if ((_cell!.IdleBaseline ?? _baseline) is { } baseline)
            _idle.Add(IdleFigures.Of(timeline, _idleFromMs, baseline, _cell.IdleThreads, _firstBurstNs));
        _sampler.Dispose();
        _sampler = null;
    }

    private void EndRounds()
    {
        if (_roundsEnded)
            return;
        _roundsEnded = true;
        EndIdling();
        if (_baseline is { } baseline && ProcessMemory.PeakBytes() is { } peak)
            _resident = new ResidentFigures(baseline, peak);
        _entrant!.Clean();
    }
}
