using System.Diagnostics;
using MagAlloc.Stress.Reporting.Timeline;
using MagAlloc.Tooling.Measurement;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Iova;

/// <summary>
/// A run from the first thread to the verdict: lanes work on one domain until time is up, Ctrl-C or the first overlap; then everything
/// is freed, nothing may be left, and the whole space must be had as one range.
/// </summary>
internal sealed class IovaStressRun : IDisposable
{
    // A lane that has not ended a minute after it was told to is stuck: itself a finding in a lock-free allocator.
    private static readonly TimeSpan s_endLimit = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_quiescenceLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly IovaStressOptions _options;
    private readonly IovaDomain _domain;
    private readonly IovaContext _context;
    private readonly IovaLane[] _lanes;
    private readonly IovaCaretaker? _caretaker;
    private readonly List<long> _throughput = [];
    private readonly List<long> _ranges = [];
    private readonly List<long> _depotMagazines = [];
    private long _sampledOperations;
    private TimeSpan _sampledAt;

    private IovaStressRun(IovaStressOptions options)
    {
        _options = options;
        _domain = new IovaDomain(IovaStressOptions.Granule, options: new IovaDomainOptions
        {
            Name = "stress",
            AddressBits = IovaStressOptions.AddressBits,
            Checks = options.Checks,
            Reclaim = new() { Policy = options.Policy, Interval = options.ReclaimInterval },
        });
        _context = new IovaContext(options, _domain);
        _lanes = [.. Enumerable.Range(0, options.Threads).Select(NewLane)];

        // Its flushes and walks would be what an aging run measures.
        _caretaker = options.Aging ? null : new IovaCaretaker(_context);
        if (_caretaker is null)
            _context.StandStill.Leave();
    }

    /// <param name="timeline">Where to note what the domain looks like meanwhile; null for nowhere.</param>
    public static IovaStressResult Execute(
        IovaStressOptions options, ProgramConsole console, CancellationToken interruption, RunTimeline? timeline = null)
    {
        using IovaStressRun run = new(options);
        using TimelineSampler? sampler = timeline?.Begin("Domain under stress", isDomain: true, s_look, run.Look);
        return run.Execute(console, interruption);
    }

    public void Dispose()
    {
        // Lanes that did not end still use the domain and the oracle, and the process is about to end anyway.
        if (!_context.LanesRunning.IsSet)
            return;
        _domain.Dispose();
        _context.Dispose();
    }

    private IovaLane NewLane(int lane) => _options.Aging ? new AgingIovaLane(_context, lane) : new HammerIovaLane(_context, lane);

    private IovaStressResult Execute(ProgramConsole console, CancellationToken interruption)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (IovaLane lane in _lanes)
            lane.Start();
        _caretaker?.Start();

        console.Watch(
            () => Sampled(Stopwatch.GetElapsedTime(start)) >= _options.Duration || _context.Stopping || interruption.IsCancellationRequested,
            () => Progress(Stopwatch.GetElapsedTime(start)));
        _context.Stop();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        long operations = Sum(c => Volatile.Read(ref c.Operations));

        // Ctrl-C shortens the run, not its end: the lanes free what they hold.
        bool ended = _context.LanesRunning.Wait(s_endLimit, CancellationToken.None);
        IovaStatistics statistics = _domain.GetStatistics();
        long lost = 0;
        if (ended)
        {
            foreach (IovaLane lane in _lanes)
                lane.Join();
            _caretaker?.Join();
            FreeUndelivered();
            lost = LostRanges();
        }
        else
        {
            _context.Log.Failed($"{_context.LanesRunning.CurrentCount} lanes did not end within {s_endLimit.TotalSeconds:0} s");
        }

        return Result(elapsed, operations, interruption.IsCancellationRequested, statistics, lost);
    }

    /// <summary>Parcels that lay in a slot when the lanes ended.</summary>
    private void FreeUndelivered()
    {
        while (_context.Slots.TakeAny() is { } parcel)
            _lanes[0].Empty(parcel);
    }

    /// <summary>
    /// Flushes until nothing is in use: the caches of threads that have just ended come home with a later pass. Then the whole
    /// space must be there, as one range.
    /// </summary>
    private long LostRanges()
    {
        long start = Stopwatch.GetTimestamp();
        List<IovaRange> left;
        do
        {
            _domain.Flush();
            _domain.Trim();
            left = [.. _domain.EnumerateInUse()];
            if (left.Count != 0)
                Thread.Sleep(20);
        }
        while (left.Count != 0 && Stopwatch.GetElapsedTime(start) < s_quiescenceLimit);

        IovaStatistics statistics = _domain.GetStatistics();
        if (left.Count != 0)
            _context.Log.Failed($"{left.Count} ranges are lost, the first {left[0]}");
        if (statistics.AllocatedRanges != 0 || statistics.ReservedRanges != 0 || statistics.FreeUnits != statistics.TotalUnits)
            _context.Log.Failed($"the books do not balance after all was freed: {statistics}");
        ulong whole = _domain.LastPfn - _domain.StartPfn + 1;
        if (left.Count == 0 && !(_domain.TryAllocate(whole, _domain.LastPfn, false, out IovaRange range) && _domain.Free(range)))
            _context.Log.Failed("all was freed, but the whole space is not to be had as one range");
        if (statistics.Misuses != 0)
            _context.Log.Failed($"the domain counts {statistics.Misuses} misuses");
        return left.Count;
    }

    private IovaStressResult Result(TimeSpan elapsed, long operations, bool interrupted, IovaStatistics statistics, long lost)
    {
        LatencyHistogram latency = new();
        foreach (IovaLane lane in _lanes)
            latency.Merge(lane.Latency);
        return new IovaStressResult
        {
            Options = _options,
            Elapsed = elapsed,
            Interrupted = interrupted,
            Operations = operations,
            Refused = Sum(c => c.Refused),
            Proofs = Sum(c => c.Proofs),
            CrossThreadFrees = Sum(c => c.CrossThreadFrees),
            ThreadsBorn = Sum(c => c.Threads),
            Overlaps = _context.Overlaps,
            Violations = _context.Violations,
            LostRanges = lost,
            FalseExhaustions = _context.FalseExhaustions,
            Throughput = _throughput,
            Ranges = _ranges,
            DepotMagazines = _depotMagazines,
            Statistics = statistics,
            Latency = latency,
            Failures = _context.Log.Messages(),
        };
    }

    private long Sum(Func<RangeCounters, long> counter) => _lanes.Sum(lane => counter(lane.Counters));

    /// <summary>Notes what the last second came to, when it is over. A late look does not count as more: the figure is per second.</summary>
    private TimeSpan Sampled(TimeSpan elapsed)
    {
        if (elapsed - _sampledAt < s_second)
            return elapsed;
        long operations = Sum(c => Volatile.Read(ref c.Operations));
        IovaStatistics statistics = _domain.GetStatistics();
        _throughput.Add((long)((operations - _sampledOperations) / (elapsed - _sampledAt).TotalSeconds));
        _ranges.Add(statistics.AllocatedRanges + statistics.CachedRanges + statistics.ReservedRanges);
        _depotMagazines.Add(statistics.DepotMagazines);
        _sampledOperations = operations;
        _sampledAt = elapsed;
        return elapsed;
    }

    private TimelinePoint Look(double seconds)
    {
        IovaStatistics statistics = _domain.GetStatistics();
        const long Granule = (long)IovaStressOptions.Granule;
        long operations = Sum(c => Volatile.Read(ref c.Operations));
        return new TimelinePoint(
            seconds, statistics.CommittedBytes, statistics.AllocatedUnits * Granule, statistics.CachedUnits * Granule, statistics.DepotMagazines, operations);
    }

    private IReadOnlyList<SummaryRow> Progress(TimeSpan elapsed) =>
    [
        new("elapsed", Text.Seconds(elapsed)),
        new("operations", Text.Count(Sum(c => Volatile.Read(ref c.Operations)))),
        new("last second", Text.Count(_throughput.LastOrDefault())),
        new("ranges", Text.Count(_ranges.LastOrDefault())),
        new("depot magazines", Text.Count(_depotMagazines.LastOrDefault())),
        new("refused", Text.Count(Sum(c => Volatile.Read(ref c.Refused)))),
        new("false exhaustions", Text.Count(_context.FalseExhaustions)),
    ];
}
