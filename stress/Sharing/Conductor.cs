using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Sharing;

/// <summary>
/// Keeps importers alive, gives them buffers of their own and takes those back, and kills importers at any moment; after each kill all that the dead one held must
/// be back. Between kills it lets rogues in.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Conductor(ShareContext context)
{
    private const int MostPrivates = 6;
    private const uint MostPages = 24;

    // A kill of a process that has just been started, in milliseconds after that.
    private const uint LatestEarlyKill = 200;

    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(10);

    private readonly BufferQueue _queue = context.Queue;
    private readonly List<ImporterProcess> _importers = [];
    private SplitMix64 _random = new(context.Options.Seed);
    private long _kills;
    private long _episodes;
    private long _refused;
    private long _overruns;

    public long Kills => Interlocked.Read(ref _kills);

    public long Episodes => Interlocked.Read(ref _episodes);

    public long Refused => Interlocked.Read(ref _refused);

    public long QuotaOverruns => Interlocked.Read(ref _overruns);

    public LatencyHistogram Reclaim { get; } = new();

    public LatencyHistogram Revocation { get; } = new();

    public bool HasKilledEnough => context.Options.Kills != 0 && Kills >= context.Options.Kills;

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
        context.Log.Failed($"importer {importer.Id} ended by itself");
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
            BufferRange range = _queue.Create(1 + (int)_random.Below(2), (1 + _random.Below(MostPages)) * Environment.SystemPageSize, profile);
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
        long start = Stopwatch.GetTimestamp();
        victim.Kill();
        TakePrivates(victim, int.MaxValue);
        bool back = _queue.WaitForReclaim(s_settle) && SpinWait.SpinUntil(() => victim.Peer is not { IsConnected: true }, s_settle);
        Reclaim.RecordSince(start);
        Interlocked.Increment(ref _kills);
        if (!back || victim.Peer is { HeldBytes: not 0 })
        {
            context.Log.Failed($"{s_settle.TotalSeconds:0} s after importer {victim.Id} was killed not all is back: {_queue.GetStatistics()}");
            context.Stop();
        }

        context.Importers.End(victim);
    }

    private void CheckQuota()
    {
        BufferQueueStatistics books = _queue.GetStatistics();
        if (books.LiveBytes > context.ByteLimit || books.LiveBytes + books.OrphanedBytes > context.OrphanByteLimit)
            Interlocked.Increment(ref _overruns);
    }
}
