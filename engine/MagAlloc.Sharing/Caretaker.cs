using System.Diagnostics;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>The caretaker: one thread a queue that has had an importer.</content>
internal sealed partial class QueueCore
{
    private const int CareStackBytes = 256 * 1024;

    // While an owner waits for frames it reads importers' messages itself. The caretaker looks now and then whether it still does, and more often while it
    // comes and goes; when it has not come for a while the caretaker reads.
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(200);

    // A close is told a moment before the description is gone, and a look in between finds it held. So there are a few looks more.
    private static readonly TimeSpan[] s_soon =
    [
        TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(16), TimeSpan.FromMilliseconds(64),
    ];

    // How often leases are asked where nothing tells of a close.
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

    // What no event told of is found all the same.
    private static readonly TimeSpan s_safetyNet = TimeSpan.FromSeconds(1);

    // A thread of a busy system gets to run sooner.
    private static readonly TimeSpan s_standstill = TimeSpan.FromMilliseconds(100);

    private Thread? _caretaker;
    private bool _stopCare;
    private bool _probe;
    private long _nextRecheck;
    private long _nextProbe = long.MaxValue;
    private int _looks;

    // When the caretaker wakes if nobody rings.
    private long _careUntil;

    /// <summary>Under the lock.</summary>
    private void StartCaretaker()
    {
        if (_caretaker is not null)
        {
            return;
        }

        var thread = new Thread(Care, CareStackBytes) { IsBackground = true, Name = $"MagAlloc buffers ({Name})" };
        try
        {
            if (FileSteps.Fails(_faults, FaultPoint.WorkerStart))
            {
                throw new OutOfMemoryException();
            }

            thread.UnsafeStart();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            throw new BufferException(BufferError.OutOfMemory, $"{Name}: the caretaker's thread could not be started.");
        }

        _caretaker = thread;
    }

    private void StopCaretaker()
    {
        Thread? thread;
        using (Uninterrupted.Enter(_gate))
        {
            _stopCare = true;
            thread = _caretaker;
        }

        Doorbell.Ring(_careBell);
        if (thread is not null)
        {
            Uninterrupted.Join(thread);
        }
    }

    /// <summary>
    /// Sees to what happens without a call of the owner's: deaths, closes, deadlines, pages that come back, and messages while
    /// nobody dequeues.
    /// </summary>
    private void Care()
    {
        var set = new PollSet();
        List<BufferPeer> peers = [];
        while (true)
        {
            bool readsMessages;
            int bell;
            int wait;
            lock (_gate)
            {
                if (_stopCare)
                {
                    return;
                }

                readsMessages = !_isWaiting && NowTicks() - _lastDequeue > TicksOf(s_idle);
                bell = Prepare(set, peers, readsMessages);
                wait = WaitMilliseconds(readsMessages);
                _careUntil = wait < 0 ? long.MaxValue : NowTicks() + TicksOf(TimeSpan.FromMilliseconds(wait));
            }

            set.Wait(wait);
            ForgiveStandstill();
            if (set[bell] != 0)
            {
                Doorbell.Silence(_careBell);
            }

            // A description of some buffer's file has ended: perhaps the last one that an importer had.
            bool wasClosed = _closes is not null && _closes.TakeNews();
            for (int i = 0; i < peers.Count; i++)
            {
                Look(peers[i], set, bell + 1 + (2 * i), readsMessages);
            }

            DisconnectSilent();
            DisconnectStuck();
            var work = new ReleaseWork();
            lock (_gate)
            {
                _probe |= wasClosed;
                LookAtSuspects();
                LookAtDisputed();
                Probe(work);
                CareForReleased(work);
                LookAtDmaBufs();
            }

            Finish(work);
        }
    }

    /// <summary>
    /// Who wakes much too late did not run: this process was stopped, or its machine or container was paused, and importers with it. That time is nobody's.
    /// </summary>
    private void ForgiveStandstill()
    {
        lock (_gate)
        {
            long late = _careUntil == long.MaxValue ? 0 : NowTicks() - _careUntil;
            if (late < TicksOf(s_standstill))
            {
                return;
            }

            foreach (BufferPeer peer in _peers)
            {
                peer.DueAt += Math.Min(late, long.MaxValue - peer.DueAt);
            }
        }
    }

    /// <returns>Place of the bell; two places for each importer follow.</returns>
    private int Prepare(PollSet set, List<BufferPeer> peers, bool readsMessages)
    {
        set.Clear();
        peers.Clear();
        int bell = set.Add(_careBell, forReading: true);
        foreach (BufferPeer peer in _peers)
        {
            peers.Add(peer);
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

        // What it said last counts, also if it is dead by now. While the owner dequeues this is the glance at other messages.
        Pump(peer, waits: isGone);
        if (isGone)
        {
            RemovePeer(peer, ImporterEnd.Left);
        }
    }

    /// <summary>Looks for what nobody holds any more: when something happened, a few times soon after, and now and then.</summary>
    private void Probe(ReleaseWork work)
    {
        long now = NowTicks();
        if (_released.Count == 0)
        {
            _probe = false;
            _nextProbe = long.MaxValue;
            return;
        }

        if (!_probe && now < _nextProbe)
        {
            return;
        }

        _looks = _probe ? 0 : _looks + 1;
        _nextProbe = now + TicksOf(_looks < s_soon.Length ? s_soon[_looks] : Tracking == BufferTracking.Polled ? s_poll : s_safetyNet);
        _probe = false;
        ProbeReleased(work);
    }

    private int WaitMilliseconds(bool readsMessages)
    {
        long now = NowTicks();
        long until = _released.Count == 0 ? long.MaxValue : Math.Min(_nextProbe, now + TicksOf(s_safetyNet));
        foreach (SharedBuffer buffer in _released)
        {
            until = buffer.Phase switch
            {
                BufferPhase.Orphaned when buffer.Pins == 0 && buffer.DmaBufs.Count == 0 => Math.Min(until, Math.Max(buffer.RevokeAt, buffer.RetryAt)),
                BufferPhase.Revoked => Math.Min(until, Math.Max(_nextRecheck, buffer.RetryAt)),
                _ => until,
            };
            if (buffer.RetryAt > now)
            {
                until = Math.Min(until, buffer.RetryAt);
            }
        }

        if (_dmaBufs != 0)
        {
            until = Math.Min(until, Math.Max(_nextDmaBufLook, now));
        }

        if (_suspects.Count != 0 || _disputed.Count != 0)
        {
            until = Math.Min(until, now + TicksOf(s_doubt));
        }

        if (!readsMessages && _peers.Count != 0)
        {
            until = Math.Min(until, now + TicksOf(_isWaiting ? s_idle : s_glance));
        }

        foreach (BufferPeer peer in _peers)
        {
            // Not in one piece: how long this process stood still shows only from when it should have woken.
            long next = peer.DueAt == long.MaxValue ? long.MaxValue : Math.Min(peer.DueAt, now + TicksOf(s_idle));
            until = Math.Min(until, peer.HasNoRoom ? Math.Min(next, now + TicksOf(s_glance)) : next);
        }

        if (until == long.MaxValue)
        {
            return -1;
        }

        return (int)Math.Clamp(Math.Ceiling((until - now) * 1000.0 / Stopwatch.Frequency), 0, int.MaxValue);
    }
}
