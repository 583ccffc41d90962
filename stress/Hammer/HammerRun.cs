using System.Diagnostics;
using MagAlloc.Stress.Reporting.Timeline;
using MagAlloc.Tooling.Measurement;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// A hammer run from the first thread to the verdict: lanes work on one heap until time is up, Ctrl-C or the first
/// integrity failure; then everything is freed, and the heap's books must balance.
/// </summary>
internal sealed unsafe class HammerRun : IDisposable
{
    // A lane that has not ended a minute after it was told to is stuck: itself a finding in a lock-free allocator.
    private static readonly TimeSpan s_endLimit = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_quiescenceLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);

    private readonly HammerOptions _options;
    private readonly FaultPlan? _faults;
    private readonly NativeHeap _heap;
    private readonly HammerContext _context;
    private readonly HammerLane[] _lanes;
    private readonly HeapCaretaker _caretaker;

    private HammerRun(HammerOptions options)
    {
        _options = options;
        _faults = options.Faults.CreatePlan(options.Seed);

        // Faults in the construction of a heap are the init sweep's matter; this run needs its heap.
        _faults?.Enabled = false;
        _heap = new NativeHeap(new NativeHeapOptions
        {
            Name = "hammer",
            ByteLimit = options.ByteLimit,
            Checks = options.Checks,
            Reclaim = new() { Policy = options.Policy },
            Faults = _faults,
        });
        _context = new HammerContext(options, _heap);
        _heap.MisuseDetected += report => _context.Log.Failed($"misuse reported: {report.Message}");
        _lanes = new HammerLane[options.Threads];
        for (int i = 0; i < _lanes.Length; i++)
            _lanes[i] = new HammerLane(_context, i);
        _caretaker = new HeapCaretaker(_context);
    }

    /// <param name="timeline">Where to note what the heap looks like meanwhile; null for nowhere.</param>
    public static HammerResult Execute(HammerOptions options, ProgramConsole console, CancellationToken interruption, RunTimeline? timeline = null)
    {
        using HammerRun run = new(options);
        using TimelineSampler? sampler = timeline?.Begin("Heap of the hammer", isDomain: false, s_look, run.Look);
        return run.Execute(console, sampler, interruption);
    }

    public void Dispose()
    {
        // Lanes that did not end still use the heap and their books: nothing may be taken from under them, and the process
        // is about to end anyway.
        if (!_context.LanesRunning.IsSet)
            return;
        _heap.Dispose();
        foreach (HammerLane lane in _lanes)
            lane.Dispose();
        _context.Dispose();
    }

    private HammerResult Execute(ProgramConsole console, TimelineSampler? sampler, CancellationToken interruption)
    {
        long start = Stopwatch.GetTimestamp();
        _faults?.Enabled = true;
        foreach (HammerLane lane in _lanes)
            lane.Start();
        _caretaker.Start();

        console.Watch(
            () => _context.Stopping || interruption.IsCancellationRequested || Stopwatch.GetElapsedTime(start) >= _options.Duration,
            () => Progress(Stopwatch.GetElapsedTime(start)));
        _context.Stop();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);

        // Ctrl-C shortens the run, not its end: the lanes free and verify what they hold.
        if (!_context.LanesRunning.Wait(s_endLimit, CancellationToken.None))
        {
            _context.Log.Failed($"{_context.LanesRunning.CurrentCount} lanes did not end within {s_endLimit.TotalSeconds:0} s");
            return Result(elapsed, interruption.IsCancellationRequested, _heap.GetStatistics());
        }

        foreach (HammerLane lane in _lanes)
            lane.Join();
        _caretaker.Join();
        FreeUndelivered();
        _faults?.Enabled = false;

        HeapStatistics statistics = AwaitQuiescence();
        HammerResult result = Result(elapsed, interruption.IsCancellationRequested, statistics);
        sampler?.Dispose();
        DisposeHeap();
        return result with { Failures = _context.Log.Messages() };
    }

    /// <summary>Parcels that lay in a slot when the lanes ended.</summary>
    private void FreeUndelivered()
    {
        BlockOperations operations = new(_context, _options.Seed);
        for (Parcel* parcel; (parcel = _context.Slots.TakeAny()) is not null;)
        {
            for (int i = 0; i < parcel->Count; i++)
                operations.Free(parcel->Blocks[i], "undelivered, before free");
            Parcel.Delete(parcel);
        }
    }

    /// <summary>Trims until the books balance: the caches of threads that have just ended come home with a later pass.</summary>
    private HeapStatistics AwaitQuiescence()
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            long decommitted = _heap.Trim();
            HeapStatistics statistics = _heap.GetStatistics();
            string? imbalance = HeapBooks.Imbalance(statistics);
            if (imbalance is null && decommitted == 0)
                return statistics;
            if (Stopwatch.GetElapsedTime(start) > s_quiescenceLimit)
            {
                if (imbalance is not null)
                    _context.Log.Failed(imbalance);
                return statistics;
            }

            Thread.Sleep(20);
        }
    }

    private HammerResult Result(TimeSpan elapsed, bool interrupted, HeapStatistics statistics)
    {
        LatencyHistogram latency = new();
        foreach (HammerLane lane in _lanes)
            latency.Merge(lane.Latency);
        if (statistics.Misuses != 0)
            _context.Log.Failed($"the heap counts {statistics.Misuses} misuses");
        return new HammerResult
        {
            Options = _options,
            Elapsed = elapsed,
            Interrupted = interrupted,
            Operations = Sum(c => c.Operations),
            Refused = Sum(c => c.Refused),
            CrossThreadFrees = Sum(c => c.CrossThreadFrees),
            ThreadsBorn = Sum(c => c.Threads),
            BytesVerified = Sum(c => c.BytesVerified),
            Corruptions = _context.Log.Corruptions,
            LeakedBlocks = statistics.AllocatedBlocks + statistics.LargeBlocks,
            InjectedFaults = _faults?.Injected ?? 0,
            Statistics = statistics,
            Latency = latency,
            Failures = _context.Log.Messages(),
        };
    }

    /// <summary>Disposing a heap on which nothing is live must succeed; what it throws is a finding.</summary>
    private void DisposeHeap()
    {
        try
        {
            _heap.Dispose();
        }
        catch (Exception e)
        {
            _context.Log.Failed($"Dispose: {e.GetType().Name}: {e.Message}");
        }
    }

    private TimelinePoint Look(double seconds)
    {
        HeapStatistics statistics = _heap.GetStatistics();
        long operations = Sum(c => Volatile.Read(ref c.Operations));
        return new TimelinePoint(seconds, statistics.CommittedBytes, statistics.AllocatedBytes, statistics.CachedBytes, statistics.DepotMagazines, operations);
    }

    private long Sum(Func<LaneCounters, long> counter) => _lanes.Sum(lane => counter(lane.Counters));

    private IReadOnlyList<SummaryRow> Progress(TimeSpan elapsed)
    {
        HeapStatistics statistics = _heap.GetStatistics();
        long operations = Sum(c => Volatile.Read(ref c.Operations));
        return
        [
            new("elapsed", Text.Seconds(elapsed)),
            new("operations", Text.Count(operations)),
            new("per second", Text.Count((long)(operations / Math.Max(elapsed.TotalSeconds, 1e-9)))),
            new("threads born", Text.Count(Sum(c => Volatile.Read(ref c.Threads)))),
            new("faults injected", Text.Count(_faults?.Injected ?? 0)),
            new("committed", Text.Bytes(statistics.CommittedBytes)),
            new("corruptions", Text.Count(_context.Log.Corruptions)),
        ];
    }
}
