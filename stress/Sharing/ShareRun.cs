using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Sharing;

/// <summary>
/// A run from the first buffer to the verdict: an owner in this process, importers and rogues in others. At the end everything is released, and nothing of it may be
/// left in any process.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ShareRun : IDisposable
{
    /// <summary>How long an orphan is left to its holders.</summary>
    public static TimeSpan OrphanTimeout => ShareContext.OrphanTimeout;

    /// <summary>By when everything shall be back after a kill.</summary>
    public static TimeSpan ReclaimBound => TimeSpan.FromMilliseconds(100);

    // Importers are started anew in less, and rogues disconnected.
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(10);

    private readonly ShareOptions _options;
    private readonly ShareContext _context;
    private readonly FrameLoop _frames;
    private readonly Conductor _conductor;

    private ShareRun(ShareOptions options)
    {
        _options = options;
        _context = new ShareContext(options);
        _frames = new FrameLoop(_context);
        _conductor = new Conductor(_context);
    }

    public static ShareResult Execute(ShareOptions options, ProgramConsole console, CancellationToken interruption)
    {
        WarmUp(options);
        int before = ProcessFiles.OpenDescriptors();
        ShareResult result;
        using (ShareRun run = new(options))
            result = run.Execute(console, interruption);

        // Behind the disposal: a descriptor that is left now is left for good.
        long growth = ProcessFiles.OpenDescriptors() - before;
        long left = result.UnreclaimedBytes + ProcessFiles.BytesMapped(ShareContext.Name);
        List<string> failures = [.. result.Failures];
        if (growth > 0)
            failures.Add($"{growth} descriptors more are open than before: {ProcessFiles.Describe()}");
        if (left != 0)
            failures.Add($"{left} bytes of the run's buffers are not back");
        return result with { DescriptorGrowth = growth, UnreclaimedBytes = left, Failures = failures };
    }

    public void Dispose() => _context.Dispose();

    /// <summary>The first process that is started, and the first queue, cost descriptors that the runtime keeps.</summary>
    private static void WarmUp(ShareOptions options)
    {
        using ShareContext context = new(options);
        ImporterProcess first = context.Importers.Start(ImporterArguments.Honest, 0);
        context.Queue.Accept(context.Listener, s_settle);
        context.Importers.End(first);
    }

    private ShareResult Execute(ProgramConsole console, CancellationToken interruption)
    {
        long start = Stopwatch.GetTimestamp();
        Thread[] threads =
        [
            _context.Start("acceptor", () => _context.Importers.Accept(Welcome)),
            _context.Start("frames", _frames.Run),
            _context.Start("conductor", _conductor.Run),
        ];
        console.Watch(
            () => _context.Stopping || interruption.IsCancellationRequested || IsOver(Stopwatch.GetElapsedTime(start)),
            () => Progress(Stopwatch.GetElapsedTime(start)));
        _context.Stop();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        foreach (Thread thread in threads)
            thread.Join();
        if (!interruption.IsCancellationRequested)
            _conductor.CheckEnd();
        _context.Importers.Dispose();
        long left = TakeEverythingBack();
        BufferQueueStatistics books = _context.Queue.GetStatistics();
        if (_conductor.QuotaOverruns != 0)
            _context.Log.Failed($"quotas were exceeded at {_conductor.QuotaOverruns} looks");
        if (books.HandOvers == 0 && !interruption.IsCancellationRequested)
            _context.Log.Failed("not one frame was handed over: no importer got so far");
        if (_frames.LongestPause > s_longestPause)
            _context.Log.Failed($"the stream stood still for {_frames.LongestPause.TotalSeconds:0} s");
        if (books.UntrackedExports != 0)
            _context.Log.Failed($"{books.UntrackedExports} exports were not seen by the kernel");
        return new ShareResult
        {
            Options = _options,
            Elapsed = elapsed,
            Interrupted = interruption.IsCancellationRequested,
            Handovers = books.HandOvers,
            Verified = _context.Verified,
            Kills = _conductor.Kills,
            EarlyKills = _conductor.EarlyKills,
            LateReclaims = _conductor.Late,
            LongestPause = _frames.LongestPause,
            Episodes = _conductor.Episodes,
            Corruptions = _context.Log.Corruptions,
            QuotaOverruns = _conductor.QuotaOverruns,
            Refused = _conductor.Refused,
            UnreclaimedBytes = left,
            Reclaim = _conductor.Reclaim,
            Revocation = _conductor.Revocation,
            Statistics = books,
            Failures = _context.Log.Messages(),
        };
    }

    /// <summary>By number of kills if one is given, else by time; but not before each rogue that was asked for has come.</summary>
    private bool IsOver(TimeSpan elapsed) => _conductor.HasMetAll && (_options.Kills == 0 ? elapsed >= _options.Duration : _conductor.HasKilledEnough);

    /// <summary>Rogues get theirs from their episode.</summary>
    private void Welcome(ImporterProcess importer)
    {
        if (importer.IsHonest)
            _frames.Welcome(importer);
    }

    private long TakeEverythingBack()
    {
        _context.Queue.Release();
        if (!_context.Queue.WaitForReclaim(s_settle))
            _context.Log.Failed($"{s_settle.TotalSeconds:0} s after the last importer was killed buffers are still held: {_context.Queue.GetStatistics()}");
        BufferQueueStatistics books = _context.Queue.GetStatistics();
        return books.LiveBytes + books.OrphanedBytes;
    }

    private IReadOnlyList<SummaryRow> Progress(TimeSpan elapsed)
    {
        BufferQueueStatistics books = _context.Queue.GetStatistics();
        return
        [
            new("elapsed", Text.Seconds(elapsed)),
            new("hand-overs", Text.Count(books.HandOvers)),
            new("per second", Text.Count((long)(books.HandOvers / Math.Max(elapsed.TotalSeconds, 1e-9)))),
            new("importers", Text.Count(books.Importers)),
            new("kills", Text.Count(_conductor.Kills)),
            new("rogues", Text.Count(_conductor.Episodes)),
            new("live", Text.Bytes(books.LiveBytes)),
            new("orphaned", Text.Bytes(books.OrphanedBytes)),
            new("corruptions", Text.Count(_context.Log.Corruptions)),
        ];
    }
}
