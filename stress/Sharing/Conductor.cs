using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Sharing;

/// <summary>
/// Keeps importers alive, gives them buffers of their own and takes those back, and kills importers at any moment; after each kill all that the dead one held must
/// be back. Between kills it lets rogues in.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Conductor(ShareContext context)
{
    private const int MostPrivates = 6;
    private static readonly uint s_mostPages = (uint)(ShareContext.LargestPrivate / Environment.SystemPageSize);

    // A kill of a process that has just been started, in milliseconds after that.
    private const uint LatestEarlyKill = 200;

    // One in so many kills may be late: the machine may have been somewhere else.
    private const int LateShare = 10;

    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(10);

    private readonly HashSet<RogueKind> _met = [];
    private readonly BufferQueue _queue = context.Queue;
    private readonly List<ImporterProcess> _importers = [];
    private SplitMix64 _random = new(context.Options.Seed);
    private long _kills;
    private long _earlyKills;
    private long _late;
    private long _episodes;
    private long _refused;
    private long _overruns;

    public long Kills => Interlocked.Read(ref _kills);

    /// <summary>Of importers that had not connected yet, and so held nothing.</summary>
    public long EarlyKills => Interlocked.Read(ref _earlyKills);

    /// <summary>Kills after which it took longer than <see cref="ShareRun.ReclaimBound"/> until everything was back.</summary>
    public long Late => Interlocked.Read(ref _late);

    public long Episodes => Interlocked.Read(ref _episodes);

    public long Refused => Interlocked.Read(ref _refused);

    public long QuotaOverruns => Interlocked.Read(ref _overruns);

    /// <summary>From the kill of an importer that had connected until all that it held was back.</summary>
    public LatencyHistogram Reclaim { get; } = new();

    public LatencyHistogram Revocation { get; } = new();

    public bool HasKilledEnough => context.Options.Kills != 0 && Kills >= context.Options.Kills;

    /// <summary>Each kind of rogue that was asked for has been met.</summary>
    public bool HasMetAll
    {
        get
        {
            lock (_met)
                return context.Options.Rogues.All(_met.Contains);
        }
    }

    /// <summary>The verdict on what shows at the end only.</summary>
    public void CheckEnd()
    {
        _importers.RemoveAll(Ended);
        if (Late > Math.Max(1, Reclaim.Count / LateShare))
        {
            context.Log.Failed(
                $"after {Late} of {Reclaim.Count} kills it took more than {ShareRun.ReclaimBound.TotalMilliseconds:0} ms until all was back; the longest {Reclaim.Max / 1e6:0} ms");
        }
    }

    public void Run()
    {
        Queue<RogueKind> rogues = new(context.Options.Rogues);
        while (!context.Stopping)
        {
            KeepAlive();
            for (int i = (int)_random.Below(20); i > 0 && !context.Stopping; i--)
                ChangePrivates();
            KillOne();
            if (rogues.TryDequeue(out RogueKind kind))
            {
                MeetRogue(kind);
                rogues.Enqueue(kind);
            }
        }
    }

    private void KeepAlive()
    {
        _importers.RemoveAll(Ended);
        while (_importers.Count < context.Options.Importers && !context.Stopping)
        {
            ImporterProcess started = context.Importers.Start(ImporterArguments.Honest, _random.Next());
            if (_random.Chance(30) && !HasKilledEnough)
            {
                // Somewhere in its start: before it connects, while it introduces itself, while it gets its first buffers.
                Thread.Sleep((int)_random.Below(LatestEarlyKill));
                Kill(started);
                continue;
            }

            _importers.Add(started);
        }

        foreach (ImporterProcess importer in _importers)
        {
            if (!importer.WaitUntilConnected(s_start) && !context.Stopping)
                context.Log.Failed($"importer {importer.Id} {(importer.HasEnded ? "ended" : "did not connect")}");
        }
    }

    private bool Ended(ImporterProcess importer)
    {
        if (!importer.HasEnded)
            return false;
        context.Log.Failed($"importer {importer.Id} ended by itself: {importer.LastWords}");
        context.Stop();
        context.Importers.End(importer);
        return true;
    }

    private void ChangePrivates()
    {
        if (_importers.Count == 0)
            return;
        ImporterProcess importer = _importers[(int)_random.Below((uint)_importers.Count)];
        CheckQuota();
        if (importer.Privates.Count < MostPrivates && _random.Chance(60))
            AddPrivates(importer);
        else
            TakePrivates(importer, 1 + (int)_random.Below(3));
        if (_random.Chance(20))
            Thread.Sleep((int)_random.Below(5));
    }

    private void AddPrivates(ImporterProcess importer)
    {
        BufferProfile profile = (BufferProfile)_random.Below(3);
        try
        {
            BufferRange range = _queue.Create(1 + (int)_random.Below(2), (1 + _random.Below(s_mostPages)) * Environment.SystemPageSize, profile);
            for (int index = range.First; index < range.First + range.Count; index++)
            {
                importer.Privates.Add(index);
                FramePattern.Fill(_queue.GetSpan(index), (ulong)index);
                if (profile == BufferProfile.Immutable)
                    _queue.Freeze(index);
                _queue.Export(index, importer.Peer!, profile == BufferProfile.Stable && _random.Chance(50) ? BufferAccess.ReadWrite : BufferAccess.ReadOnly);
            }
        }
        catch (BufferException e) when (e.Error is BufferError.QuotaExceeded or BufferError.NoBuffers)
        {
            Interlocked.Increment(ref _refused);
        }
    }

    private void TakePrivates(ImporterProcess importer, int count)
    {
        for (; count > 0 && importer.Privates.Count != 0; count--)
        {
            int place = (int)_random.Below((uint)importer.Privates.Count);
            _queue.Remove(importer.Privates[place], 1);
            importer.Privates.RemoveAt(place);
        }
    }

    private void KillOne()
    {
        if (_importers.Count == 0 || HasKilledEnough)
            return;

        // What is measured is what the victim holds: nothing else may be under way. Importers let go of what was released within milliseconds.
        if (!AwaitReclaim())
            return;

        ImporterProcess victim = _importers[(int)_random.Below((uint)_importers.Count)];
        _importers.Remove(victim);
        Thread.SpinWait((int)_random.Below(100_000));
        Kill(victim);
    }

    /// <summary>With all room for it, and nothing else released: what it holds is looked for in the queue's books.</summary>
    private void MeetRogue(RogueKind kind)
    {
        foreach (ImporterProcess importer in _importers)
            TakePrivates(importer, int.MaxValue);
        if (context.Stopping || !AwaitReclaim())
            return;
        new RogueEpisode(context, kind, Revocation).Run(_random.Next());
        Interlocked.Increment(ref _episodes);
        lock (_met)
            _met.Add(kind);
    }

    private bool AwaitReclaim()
    {
        if (_queue.WaitForReclaim(s_settle))
            return true;
        context.Log.Failed($"released buffers are still held {s_settle.TotalSeconds:0} s later, though no rogue lives: {_queue.GetStatistics()}");
        context.Stop();
        return false;
    }

    private void Kill(ImporterProcess victim)
    {
        bool hadConnected = victim.Peer is not null;
        long start = Stopwatch.GetTimestamp();
        victim.Kill();
        TakePrivates(victim, int.MaxValue);
        bool back = _queue.WaitForReclaim(s_settle) && SpinWait.SpinUntil(() => victim.Peer is not { IsConnected: true }, s_settle);
        if (hadConnected)
        {
            Reclaim.RecordSince(start);
            if (Stopwatch.GetElapsedTime(start) > ShareRun.ReclaimBound)
                Interlocked.Increment(ref _late);
        }
        else
        {
            Interlocked.Increment(ref _earlyKills);
        }

        Interlocked.Increment(ref _kills);
        if (!victim.WasKilled)
        {
            context.Log.Failed($"importer {victim.Id} ended by itself: {victim.LastWords}");
            context.Stop();
        }

        if (!back)
        {
            context.Log.Failed($"{s_settle.TotalSeconds:0} s after importer {victim.Id} was killed not all is back: {_queue.GetStatistics()}");
            context.Stop();
        }

        context.Importers.End(victim);
    }

    /// <summary>By the books, and now and then by what lies behind the files: memory that nobody counts would be in no book.</summary>
    private void CheckQuota()
    {
        BufferQueueStatistics books = _queue.GetStatistics();
        bool isOver = books.LiveBytes > context.ByteLimit || books.LiveBytes + books.OrphanedBytes > context.OrphanByteLimit;
        if (!isOver && _random.Chance(10))
        {
            // A holder may have brought back pages of revoked buffers, for a tenth of a second.
            long behind = ProcessFiles.BytesBehind(ShareContext.Name);
            int revoked = Math.Max(books.RevokedBuffers, _queue.GetStatistics().RevokedBuffers);
            isOver = behind > context.OrphanByteLimit + ShareContext.ControlBytes + (revoked * ShareContext.LargestPrivate);
        }

        if (isOver)
            Interlocked.Increment(ref _overruns);
    }
}
