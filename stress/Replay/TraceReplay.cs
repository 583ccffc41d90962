using System.Diagnostics;
using MagAlloc.Stress.Reporting.Timeline;
using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Measurement;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Stress.Replay;

/// <summary>
/// Replays one trace: a verified pass for its correctness and memory, then timed passes without verification for its speed.
/// Every pass has a heap of its own, so that none profits from the pages or magazines of the one before.
/// </summary>
internal sealed class TraceReplay(AllocationTrace trace, ReplayOptions options, RunTimeline? timeline, CancellationToken interruption) : IDisposable
{
    // Of the reclaim worker; the end of a replay waits two of them.
    private static readonly TimeSpan s_reclaimInterval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan s_warmUp = TimeSpan.FromMilliseconds(300);

    // A slow check level must not multiply a long trace's minutes.
    private static readonly TimeSpan s_timedPassesLimit = TimeSpan.FromSeconds(3);

    private readonly ThreadSchedule? _schedule = options.Threaded ? new ThreadSchedule(trace) : null;
    private readonly IntegrityLog _log = new();
    private readonly LatencyHistogram _latency = new();
    private HeapStatistics _verifiedStatistics;
    private long _peakCommitted;
    private long _peakLive;
    private long _residentGrowth;
    private long _endResident;
    private long _leaked;
    private long _operations;
    private long _executed;
    private int _passes;

    public ReplayResult Run()
    {
        double nsPerEvent = 0;
        try
        {
            RunVerified();
            if (_log.Failures == 0 && !interruption.IsCancellationRequested)
                nsPerEvent = RunTimed();
        }
        catch (Exception e) when (e is OutOfMemoryException or HeapMisuseException or PlatformException)
        {
            _log.Failed($"{trace.Name}: {e.GetType().Name}: {e.Message}");
        }

        bool heap = options.Allocator == ReplayAllocatorKind.MagAlloc;
        ReplayResult result = new()
        {
            File = trace.File,
            Events = _executed,
            Operations = _operations,
            Threads = options.Threaded ? trace.Threads.Count : 1,
            Corruptions = _log.Corruptions,
            NsPerEvent = nsPerEvent,
            PeakLiveBytes = Math.Max(trace.PeakLiveBytes, _peakLive),
            PeakCommittedBytes = heap ? _peakCommitted : null,
            EndCommittedBytes = heap ? _verifiedStatistics.CommittedBytes : null,
            PeakResidentGrowthBytes = _residentGrowth,
            EndResidentBytes = _endResident,
            LeakedBlocks = _leaked,
            DepotExchanges = _verifiedStatistics.DepotExchanges,
            ReclaimedMagazines = _verifiedStatistics.ReclaimedMagazines,
            Latency = _latency,
        };
        if (options.EnforceBudget && result.WithinBudget == false)
            _log.Failed($"{trace.Name}: over the memory budget of {MemoryBudget.PeakLimit(result.PeakLiveBytes)} B peak, {MemoryBudget.EndLimit} B end");
        return result with { Failures = _log.Messages() };
    }

    public void Dispose() => _schedule?.Dispose();

    private long Events => (long)trace.Count + trace.Unfreed;

    private void RunVerified()
    {
        if (options.Allocator == ReplayAllocatorKind.Libc)
        {
            RunVerified(default(LibcAllocator), heap: null);
            return;
        }

        using NativeHeap heap = NewHeap("verified replay");
        RunVerified(new HeapAllocator(heap), heap);
        Thread.Sleep(2 * s_reclaimInterval);
        heap.Trim();
        _verifiedStatistics = heap.GetStatistics();
        using ResidentSet resident = new();
        _endResident = resident.Bytes();
        Judge(_verifiedStatistics);
    }

    private void RunVerified<TAllocator>(TAllocator allocator, NativeHeap? heap)
        where TAllocator : struct, IReplayAllocator
    {
        using ResidentSet resident = new();
        using VerifiedPass<TAllocator> pass = new(trace, allocator, options.Verify, _log, interruption);

        // Taken with the pass's own table resident already: what grows from here on is the allocator under test.
        long before = resident.Bytes();
        using TimelineSampler? sampler = timeline?.Begin($"{trace.Name}, verified pass", isDomain: false, s_look, seconds => Look(seconds, heap, pass.LiveBytes));
        if (_schedule is null)
            pass.RunSequential();
        else
            pass.RunThreaded(_schedule);
        _passes++;
        _operations += pass.Executed;
        _executed = pass.Executed;
        _peakLive = pass.PeakLiveBytes;
        _residentGrowth = Math.Max(0, pass.PeakResidentBytes - before);
        _endResident = resident.Bytes();
        _latency.Merge(pass.Latency);
    }

    private static TimelinePoint Look(double seconds, NativeHeap? heap, long live)
    {
        HeapStatistics? known = heap?.GetStatistics();
        return new TimelinePoint(seconds, known?.CommittedBytes, live, known?.CachedBytes ?? 0, known?.DepotMagazines ?? 0, Operations: null);
    }

    private double RunTimed()
    {
        // Passes that do not count: the runtime compiles the loop with full optimisation only after it has run often and for
        // a while. One pass, however long, is enough of that.
        long start = Stopwatch.GetTimestamp();
        TimeSpan best;
        do
        {
            best = RunTimedOnce();
        }
        while (Stopwatch.GetElapsedTime(start) < s_warmUp);

        for (int pass = 0; pass < options.TimedPasses; pass++)
        {
            if (Stopwatch.GetElapsedTime(start) > s_timedPassesLimit || interruption.IsCancellationRequested)
                break;
            TimeSpan elapsed = RunTimedOnce();
            best = elapsed < best ? elapsed : best;
        }

        return best.TotalNanoseconds / Events;
    }

    private TimeSpan RunTimedOnce()
    {
        if (options.Allocator == ReplayAllocatorKind.Libc)
            return RunTimedOnce(default(LibcAllocator));
        using NativeHeap heap = NewHeap("timed replay");
        TimeSpan elapsed = RunTimedOnce(new HeapAllocator(heap));
        heap.Trim();
        Judge(heap.GetStatistics());
        return elapsed;
    }

    private TimeSpan RunTimedOnce<TAllocator>(TAllocator allocator)
        where TAllocator : struct, IReplayAllocator
    {
        _passes++;
        _operations += Events;
        return _schedule is null
            ? TimedPass<TAllocator>.Run(trace, allocator)
            : ThreadedTimedPass<TAllocator>.Run(trace, _schedule, allocator);
    }

    private NativeHeap NewHeap(string name) =>
        new(new NativeHeapOptions { Name = name, Checks = options.Checks, Reclaim = new() { Interval = s_reclaimInterval } });

    private void Judge(HeapStatistics statistics)
    {
        // Threads overlap anew in every pass, and only the verified one (the first) also measures what was live meanwhile.
        if (!options.Threaded || _passes == 1)
            _peakCommitted = Math.Max(_peakCommitted, statistics.PeakCommittedBytes);
        long leaked = statistics.AllocatedBlocks + statistics.LargeBlocks;
        _leaked += leaked;
        if (leaked != 0)
            _log.Failed($"{trace.Name}: {leaked} blocks are still allocated after the last free");
        if (statistics.Misuses != 0)
            _log.Failed($"{trace.Name}: the heap reports {statistics.Misuses} misuses");
    }
}
