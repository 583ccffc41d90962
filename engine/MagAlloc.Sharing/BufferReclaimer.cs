using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using MagAlloc.Concurrency;

namespace MagAlloc.Sharing;

/// <summary>
/// The way out: what a release does with each buffer, and then, outside of the lock, pages that are dropped and files
/// that are closed.
/// </summary>
/// <remarks>
/// Members that take a <see cref="ReleaseWork"/> decide, under the lock; <see cref="Finish"/> does what was decided,
/// without it.
/// </remarks>
[SupportedOSPlatform("linux")]
[SuppressMessage("Design", "CA1001", Justification = "Whoever waits for the event is only about to be woken when the queue ends.")]
internal sealed class BufferReclaimer(
    BufferQueueOptions options, Lock gate, BufferLedger ledger, PeerTable peers, FrameStream stream, BufferHolders holders, ControlPage control, QueueBells bells,
    QueueEvents events)
{
    // How often a revoked buffer's file is looked at for pages that a holder's touch has brought back.
    private static readonly TimeSpan s_recheck = TimeSpan.FromMilliseconds(100);

    // When the system refused to drop pages.
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(100);

    private readonly ManualResetEventSlim _settled = new(initialState: true);
    private long _nextRecheck;

    /// <summary>Waits, without the lock, until no released buffer is held, or the queue ends.</summary>
    public bool Wait(TimeSpan timeout) => _settled.Wait(timeout);

    /// <summary>The queue has ended: nobody waits any more.</summary>
    public void EndWaits() => Uninterrupted.Set(_settled);

    public void ReleaseAll(ReleaseMode mode, long revokeAt, ReleaseWork work)
    {
        foreach (SharedBuffer buffer in ledger.Live.All)
        {
            Release(buffer, mode, revokeAt, work);
        }
    }

    /// <summary>
    /// Takes a live buffer's index away. Held, it becomes an orphan, or is revoked; else it is closed.
    /// </summary>
    public void Release(SharedBuffer buffer, ReleaseMode mode, long revokeAt, ReleaseWork work)
    {
        // Nobody stops another thread from queueing what a request that fails has made already.
        stream.Withdraw(buffer);
        ledger.Release(buffer, Ticks.Now);
        _settled.Reset();
        if (buffer.Pins == 0)
        {
            work.Unmapping.Add(buffer);
        }

        bool isHeld = holders.IsHeld(buffer);
        events.Released(buffer, isHeld);
        if (!isHeld)
        {
            work.Freed++;
            Reclaim(buffer, work);
            return;
        }

        ledger.NoteOrphan(buffer);
        control.Publish(buffer.Slot, ControlWord.OfOrphan(buffer.Generation));
        bool isRevocable = buffer.IsRevocable;
        if (mode == ReleaseMode.Revoke && !isRevocable)
        {
            work.Unrevocable++;
        }

        // Pinned it goes when it is unpinned: to take the owner's own memory from under it could end this process.
        if (mode == ReleaseMode.Revoke && isRevocable && revokeAt <= buffer.ReleasedAt && buffer.Pins == 0)
        {
            Revoke(buffer, work);
            return;
        }

        work.Concerned.UnionWith(buffer.Claims.Select(claim => claim.Peer));
        work.Orphaned++;
        work.OrphanedBytes += buffer.Bytes;
        if (buffer.Format.Profile != BufferProfile.Immutable)
        {
            long timeout = Ticks.After(buffer.ReleasedAt, options.OrphanTimeout);
            buffer.RevokeAt = mode == ReleaseMode.Revoke ? Math.Min(revokeAt, timeout) : timeout;
        }

        bells.Probe();
    }

    /// <summary>Finds released buffers that nobody holds any more.</summary>
    public void Probe(ReleaseWork work)
    {
        long now = Ticks.Now;
        foreach (SharedBuffer buffer in ledger.Released)
        {
            if (buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked && buffer.RetryAt <= now && !holders.IsHeld(buffer))
            {
                Reclaim(buffer, work);
            }
        }
    }

    /// <summary>Revokes orphans whose time has come, and looks for pages that came back.</summary>
    public void Care(ReleaseWork work)
    {
        long now = Ticks.Now;
        bool recheck = now >= _nextRecheck;
        if (recheck)
        {
            _nextRecheck = now + Ticks.Of(s_recheck);
        }

        foreach (SharedBuffer buffer in ledger.Released)
        {
            if (buffer.RevokeAt <= now && CanRevoke(buffer))
            {
                Revoke(buffer, work);
            }
            else if (recheck && buffer.Phase == BufferPhase.Revoked && buffer.Memory.ResidentBytes() != 0)
            {
                BufferLedger.BeginRevoking(buffer);
                work.Revoking.Add(buffer);
            }
        }
    }

    /// <summary>When a buffer must be looked at again; <see cref="long.MaxValue"/>: not by itself.</summary>
    public long NextLook(SharedBuffer buffer, long now)
    {
        long next = buffer.Phase switch
        {
            BufferPhase.Orphaned when buffer.Pins == 0 && buffer.DmaBufs.Count == 0 => Math.Max(buffer.RevokeAt, buffer.RetryAt),
            BufferPhase.Revoked => Math.Max(_nextRecheck, buffer.RetryAt),
            _ => long.MaxValue,
        };
        return buffer.RetryAt > now ? Math.Min(next, buffer.RetryAt) : next;
    }

    /// <summary>Revokes what was released and is still held.</summary>
    public void RevokeReleased(ReleaseWork work)
    {
        foreach (SharedBuffer buffer in ledger.Released)
        {
            if (CanRevoke(buffer))
            {
                Revoke(buffer, work);
            }
            else if ((buffer.Pins != 0 || buffer.DmaBufs.Count != 0) && buffer.Format.Profile != BufferProfile.Immutable)
            {
                // Once neither is so any more.
                buffer.RevokeAt = Ticks.Now;
            }
        }
    }

    /// <returns>False when there is none that can be.</returns>
    public bool RevokeOldest(ReleaseWork work)
    {
        SharedBuffer? oldest = ledger.Released.Where(CanRevoke).MinBy(buffer => buffer.ReleasedAt);
        if (oldest is not null)
        {
            Revoke(oldest, work);
        }

        return oldest is not null;
    }

    /// <summary>Does what was decided under the lock. The caller does not hold it.</summary>
    public void Finish(ReleaseWork work)
    {
        TellConcerned(work);
        while (!work.IsEmpty)
        {
            SharedBuffer[] revoking = [.. work.Revoking];
            SharedBuffer[] closing = [.. work.Closing];
            work.Unmapping.ForEach(buffer => buffer.Memory.Unmap());
            work.Unmapping.Clear();
            work.Revoking.Clear();
            work.Closing.Clear();
            foreach (SharedBuffer buffer in revoking)
            {
                FinishRevoking(buffer, work);
            }

            foreach (SharedBuffer buffer in closing)
            {
                FinishClosing(buffer, work);
            }
        }
    }

    /// <summary>The last pin of a buffer is gone of which nobody else knows: the queue has ended meanwhile.</summary>
    public void CloseUnpinned(SharedBuffer buffer)
    {
        if (buffer.RevokeAt <= Ticks.Now)
        {
            buffer.Memory.TryDropPages(options.Faults);
        }

        buffer.Close();
    }

    private static bool CanRevoke(SharedBuffer buffer)
        => buffer.Phase == BufferPhase.Orphaned && buffer.IsRevocable && buffer.Pins == 0 && buffer.RetryAt <= Ticks.Now;

    /// <summary>Announces that an orphan is no more; its pages go when the lock is released.</summary>
    private void Revoke(SharedBuffer buffer, ReleaseWork work)
    {
        BufferLedger.BeginRevoking(buffer);

        // If the system refuses now, it is due still.
        buffer.RevokeAt = Math.Min(buffer.RevokeAt, Ticks.Now);
        control.Revoke(buffer.Slot);
        SharingMessage message = new()
        {
            Kind = MessageKind.Revoked,
            Slot = buffer.Slot,
            Generation = buffer.Generation,
            Index = buffer.Index,
        };
        foreach (Claim claim in buffer.Claims)
        {
            // The control page has told already: a full socket loses nothing but the notice.
            peers.TrySend(claim.Peer, ref message);
        }

        work.Revoking.Add(buffer);
        work.Revoked++;
    }

    /// <summary>Hands a released buffer that nobody holds to whoever finishes the work.</summary>
    private void Reclaim(SharedBuffer buffer, ReleaseWork work)
    {
        BufferLedger.BeginClosing(buffer);
        control.Revoke(buffer.Slot);
        foreach (Claim claim in buffer.Claims.ToArray())
        {
            stream.Drop(claim);
        }

        work.Closing.Add(buffer);
    }

    /// <summary>
    /// Once for all that was released: the control page says which buffers. A notice that finds no room is made up for
    /// by the next export, release or stop.
    /// </summary>
    private void TellConcerned(ReleaseWork work)
    {
        if (work.Concerned.Count == 0)
        {
            return;
        }

        SharingMessage message = new() { Kind = MessageKind.Released };
        lock (gate)
        {
            foreach (BufferPeer peer in work.Concerned)
            {
                peers.TrySend(peer, ref message);
            }
        }

        work.Concerned.Clear();
    }

    private void FinishRevoking(SharedBuffer buffer, ReleaseWork work)
    {
        bool dropped = buffer.Memory.TryDropPages(options.Faults);
        using (Uninterrupted.Enter(gate))
        {
            NoteRevocation(buffer, dropped, work);
            if (!holders.IsHeld(buffer))
            {
                // Also where the system refuses to drop its pages again and again.
                Reclaim(buffer, work);
            }

            // Under the lock: from here on the queue may end.
            bells.RingCaretaker();
        }
    }

    private void NoteRevocation(SharedBuffer buffer, bool dropped, ReleaseWork work)
    {
        if (!dropped)
        {
            // Nothing has changed but the announcement, and importers keep to that.
            PutBack(buffer);
            work.Revoked -= buffer.HasPages ? 1 : 0;
            work.Orphaned += buffer.HasPages ? 1 : 0;
            work.OrphanedBytes += buffer.HasPages ? buffer.Bytes : 0;
        }
        else if (ledger.EndRevoking(buffer))
        {
            events.Revoked(buffer);
        }
    }

    private void FinishClosing(SharedBuffer buffer, ReleaseWork work)
    {
        // Where nobody knows who else may hold it: then no pages are left to hold.
        bool mustDrop = buffer.WasExported && buffer.HasPages && buffer.IsUntracked && buffer.Format.Profile != BufferProfile.Immutable;
        if (mustDrop && !buffer.Memory.TryDropPages(options.Faults))
        {
            using (Uninterrupted.Enter(gate))
            {
                PutBack(buffer);
                if (ledger.NoteOrphan(buffer))
                {
                    work.Freed--;
                    work.Orphaned++;
                    work.OrphanedBytes += buffer.Bytes;
                }
            }

            return;
        }

        holders.Unwatch(buffer);
        buffer.Close();
        using (Uninterrupted.Enter(gate))
        {
            events.Reclaimed(buffer, ledger.EndClosing(buffer, Ticks.Now));
            if (ledger.Released.Count == 0)
            {
                Uninterrupted.Set(_settled);
            }
        }
    }

    private void PutBack(SharedBuffer buffer)
    {
        BufferLedger.PutBack(buffer, Ticks.Now + Ticks.Of(s_retry));
        bells.Probe();
    }
}
