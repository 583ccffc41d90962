using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>A queue's own thread, from the first importer, or dma-buf, on.</summary>
/// <remarks>
/// Sees to what happens without a call of the owner's: deaths, closes, deadlines, pages that come back, and messages
/// while nobody dequeues. It takes the queue's lock for each look, and an importer's turn to be read without it; its
/// own fields are guarded by that lock too.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class Caretaker(
    QueueCore core, Lock gate, BufferLedger ledger, PeerTable peers, FrameStream stream, BufferHolders holders, BufferReclaimer reclaimer, QueueBells bells)
{
    /// <summary>What no event told of is found all the same.</summary>
    public static readonly TimeSpan SafetyNet = TimeSpan.FromSeconds(1);

    private const int StackBytes = 256 * 1024;

    // While an owner waits for frames it reads importers' messages itself. The caretaker looks now and then whether it
    // still does, and more often while it comes and goes; when it has not come for a while the caretaker reads.
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(200);

    // A close is told a moment before the description is gone, and a look in between finds it held. So there are a few
    // looks more.
    private static readonly TimeSpan[] s_soon =
    [
        TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(16), TimeSpan.FromMilliseconds(64),
    ];

    // How often leases are asked where nothing tells of a close.
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

    // A thread of a busy system gets to run sooner.
    private static readonly TimeSpan s_standstill = TimeSpan.FromMilliseconds(100);

    private Thread? _thread;
    private bool _isStopped;
    private long _nextProbe = long.MaxValue;
    private int _looks;

    /// <summary>Under the lock.</summary>
    public void Start(string queue, FaultPlan? faults)
    {
        if (_thread is not null)
        {
            return;
        }

        var thread = new Thread(Run, StackBytes) { IsBackground = true, Name = $"MagAlloc buffers ({queue})" };
        try
        {
            if (FileSteps.Fails(faults, FaultPoint.WorkerStart))
            {
                throw new OutOfMemoryException();
            }

            thread.UnsafeStart();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            throw new BufferException(BufferError.OutOfMemory, $"{queue}: the caretaker's thread could not be started.");
        }

        _thread = thread;
    }

    /// <summary>Ends the thread. Without the lock.</summary>
    public void Stop()
    {
        Thread? thread;
        using (Uninterrupted.Enter(gate))
        {
            _isStopped = true;
            thread = _thread;
        }

        bells.RingCaretaker();
        if (thread is not null)
        {
            Uninterrupted.Join(thread);
        }
    }

    private void Run()
    {
        var set = new PollSet();
        List<BufferPeer> watched = [];
        while (true)
        {
            bool readsMessages;
            int bell;
            int wait;
            lock (gate)
            {
                if (_isStopped)
                {
                    return;
                }

                readsMessages = stream.IsIdle(s_idle);
                bell = Prepare(set, watched, readsMessages);
                wait = WaitMilliseconds(readsMessages);
                bells.CareUntil = wait < 0 ? long.MaxValue : Ticks.Now + Ticks.Of(TimeSpan.FromMilliseconds(wait));
            }

            set.Wait(wait);
            if (set[bell] != 0)
            {
                Doorbell.Silence(bells.Caretaker);
            }

            bool wasClosed = holders.TakeCloses();
            for (int i = 0; i < watched.Count; i++)
            {
                Look(watched[i], set, bell + 1 + (2 * i), readsMessages);
            }

            DisconnectSilent();
            core.DisconnectStuck();
            var work = new ReleaseWork();
            lock (gate)
            {
                bells.IsProbeDue |= wasClosed;
                holders.Look(ledger.Live.All);
                Probe(work);
                reclaimer.Care(work);
            }

            reclaimer.Finish(work);
        }
    }

    /// <summary>
    /// Who wakes much too late did not run: this process was stopped, or its machine or container was paused, and
    /// importers with it. That time is nobody's. Under the lock, and right before an importer is found late: a
    /// standstill may begin anywhere.
    /// </summary>
    private void ForgiveStandstill()
    {
        long late = bells.CareUntil == long.MaxValue ? 0 : Ticks.Now - bells.CareUntil;
        if (late < Ticks.Of(s_standstill))
        {
            return;
        }

        foreach (BufferPeer peer in peers.All)
        {
            peer.DueAt += Math.Min(late, long.MaxValue - peer.DueAt);
        }
    }

    /// <returns>Place of the bell; two places for each importer follow.</returns>
    private int Prepare(PollSet set, List<BufferPeer> watched, bool readsMessages)
    {
        set.Clear();
        watched.Clear();
        int bell = set.Add(bells.Caretaker, forReading: true);
        foreach (BufferPeer peer in peers.All)
        {
            watched.Add(peer);
            set.Add(peer.Socket, forReading: readsMessages);
            set.Add(peer.Process ?? peer.Socket, forReading: peer.Process is not null);
        }

        return bell;
    }

    private void Look(BufferPeer peer, PollSet set, int place, bool readsMessages)
    {
        bool isGone = (set[place] & PollSet.Gone) != 0 || (peer.Process is not null && set[place + 1] != 0);
        if (!isGone && readsMessages && set[place] == 0)
        {
            return;
        }

        // What it said last counts, also if it is dead by now. While the owner dequeues this is the glance at other
        // messages.
        core.Pump(peer, waits: isGone);
        if (isGone)
        {
            core.RemovePeer(peer, ImporterEnd.Left);
        }
    }

    /// <summary>Disconnects importers that have frames and acknowledge none.</summary>
    private void DisconnectSilent()
    {
        BufferPeer[] late;
        lock (gate)
        {
            stream.ServeWaiting();
            ForgiveStandstill();
            late = [.. peers.All.Where(FrameStream.IsLate)];
        }

        foreach (BufferPeer peer in late)
        {
            // While the owner does not dequeue nobody may have listened for a while.
            core.Pump(peer, waits: true);
            bool isLate;
            lock (gate)
            {
                isLate = FrameStream.IsLate(peer);
            }

            if (isLate)
            {
                core.RemovePeer(peer, ImporterEnd.Silent);
            }
        }
    }

    /// <summary>
    /// Looks for what nobody holds any more: when something happened, a few times soon after, and now and then.
    /// </summary>
    private void Probe(ReleaseWork work)
    {
        long now = Ticks.Now;
        if (ledger.Released.Count == 0)
        {
            bells.IsProbeDue = false;
            _nextProbe = long.MaxValue;
            return;
        }

        if (!bells.IsProbeDue && now < _nextProbe)
        {
            return;
        }

        _looks = bells.IsProbeDue ? 0 : _looks + 1;
        _nextProbe = now + Ticks.Of(_looks < s_soon.Length ? s_soon[_looks] : holders.Tracking == BufferTracking.Polled ? s_poll : SafetyNet);
        bells.IsProbeDue = false;
        reclaimer.Probe(work);
    }

    private int WaitMilliseconds(bool readsMessages)
    {
        long now = Ticks.Now;
        long until = ledger.Released.Count == 0 ? long.MaxValue : Math.Min(_nextProbe, now + Ticks.Of(SafetyNet));
        foreach (SharedBuffer buffer in ledger.Released)
        {
            until = Math.Min(until, reclaimer.NextLook(buffer, now));
        }

        until = Math.Min(until, holders.NextLook(now));
        if (!readsMessages && peers.Count != 0)
        {
            until = Math.Min(until, now + Ticks.Of(stream.IsAwaited ? s_idle : s_glance));
        }

        foreach (BufferPeer peer in peers.All)
        {
            // Not in one piece: how long this process stood still shows only from when it should have woken.
            long next = peer.DueAt == long.MaxValue ? long.MaxValue : Math.Min(peer.DueAt, now + Ticks.Of(s_idle));
            until = Math.Min(until, peer.HasNoRoom ? Math.Min(next, now + Ticks.Of(s_glance)) : next);
        }

        if (until == long.MaxValue)
        {
            return -1;
        }

        return (int)Math.Clamp(Math.Ceiling((until - now) * 1000.0 / Stopwatch.Frequency), 0, int.MaxValue);
    }
}
