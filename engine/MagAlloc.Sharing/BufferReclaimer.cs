using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>The way out, second half: pages are dropped, and what nobody holds is closed, outside of the lock.</content>
internal sealed partial class QueueCore
{
    // How often a revoked buffer's file is looked at for pages that a holder's touch has brought back.
    private static readonly TimeSpan s_recheck = TimeSpan.FromMilliseconds(100);

    // When the system refused to drop pages.
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(100);

    private readonly ManualResetEventSlim _settled = new(initialState: true);
    private long _orphans;
    private long _revocations;
    private long _reinflations;
    private long _reclaims;
    private long _longestReclaim;

    /// <summary>Waits until no released buffer is held, revoked ones included.</summary>
    /// <returns>False when the time has passed before, or the queue has ended.</returns>
    public bool WaitForReclaim(BufferQueue handle, TimeSpan timeout)
    {
        lock (_gate)
        {
            RequireOpen(handle);
        }

        bool settled = _settled.Wait(timeout);
        lock (_gate)
        {
            return settled && !_isClosed;
        }
    }

    /// <summary>Hands a released buffer that nobody holds to whoever finishes the work.</summary>
    private void Reclaim(SharedBuffer buffer, ReleaseWork work)
    {
        buffer.Phase = BufferPhase.Closing;
        _control.Revoke(buffer.Slot);
        foreach (Claim claim in buffer.Claims.ToArray())
        {
            Drop(claim);
        }

        work.Closing.Add(buffer);
    }

    /// <summary>Finds released buffers that nobody holds any more.</summary>
    private void ProbeReleased(ReleaseWork work)
    {
        long now = NowTicks();
        foreach (SharedBuffer buffer in _released)
        {
            if (buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked && buffer.RetryAt <= now && !IsHeld(buffer))
            {
                Reclaim(buffer, work);
            }
        }
    }

    /// <summary>Revokes orphans whose time has come, and looks for pages that came back.</summary>
    private void CareForReleased(ReleaseWork work)
    {
        long now = NowTicks();
        bool recheck = now >= _nextRecheck;
        if (recheck)
        {
            _nextRecheck = now + TicksOf(s_recheck);
        }

        foreach (SharedBuffer buffer in _released)
        {
            if (buffer.RevokeAt <= now && CanRevoke(buffer))
            {
                Revoke(buffer, work);
            }
            else if (recheck && buffer.Phase == BufferPhase.Revoked && buffer.ResidentBytes() != 0)
            {
                buffer.Phase = BufferPhase.Revoking;
                work.Revoking.Add(buffer);
            }
        }
    }

    private void RevokeReleased(ReleaseWork work)
    {
        foreach (SharedBuffer buffer in _released)
        {
            if (CanRevoke(buffer))
            {
                Revoke(buffer, work);
            }
            else if ((buffer.Pins != 0 || buffer.DmaBufs.Count != 0) && buffer.Format.Profile != BufferProfile.Immutable)
            {
                // Once neither is so any more.
                buffer.RevokeAt = NowTicks();
            }
        }
    }

    /// <returns>False when there is none that can be.</returns>
    private bool RevokeOldest(ReleaseWork work)
    {
        SharedBuffer? oldest = _released.Where(CanRevoke).MinBy(buffer => buffer.ReleasedAt);
        if (oldest is not null)
        {
            Revoke(oldest, work);
        }

        return oldest is not null;
    }

    private static bool CanRevoke(SharedBuffer buffer)
        => buffer.Phase == BufferPhase.Orphaned && buffer.IsRevocable && buffer.Pins == 0 && buffer.RetryAt <= NowTicks();

    /// <summary>Does what was decided under the lock. The caller does not hold it.</summary>
    private void Finish(ReleaseWork work)
    {
        TellConcerned(work);
        while (!work.IsEmpty)
        {
            SharedBuffer[] revoking = [.. work.Revoking];
            SharedBuffer[] closing = [.. work.Closing];
            work.Unmapping.ForEach(buffer => buffer.Unmap());
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

    /// <summary>Once for all that was released: the control page says which buffers. A notice that finds no room is made up for by the next export, release or stop.</summary>
    private void TellConcerned(ReleaseWork work)
    {
        if (work.Concerned.Count == 0)
        {
            return;
        }

        SharingMessage message = new() { Kind = MessageKind.Released };
        lock (_gate)
        {
            foreach (BufferPeer peer in work.Concerned)
            {
                TrySend(peer, ref message);
            }
        }

        work.Concerned.Clear();
    }

    private void FinishRevoking(SharedBuffer buffer, ReleaseWork work)
    {
        bool dropped = buffer.TryDropPages(_faults);
        using (Uninterrupted.Enter(_gate))
        {
            NoteRevocation(buffer, dropped, work);
            if (!IsHeld(buffer))
            {
                // Also where the system refuses to drop its pages again and again.
                Reclaim(buffer, work);
            }

            // Under the lock: from here on the queue may end.
            Doorbell.Ring(_careBell);
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
            return;
        }

        buffer.Phase = BufferPhase.Revoked;
        if (buffer.HasPages)
        {
            buffer.HasPages = false;
            _quotas.Revoke(buffer.Bytes);
            _revocations++;
            TellRevoked(buffer);
        }
        else
        {
            _reinflations++;
        }
    }

    private void FinishClosing(SharedBuffer buffer, ReleaseWork work)
    {
        // Where nobody knows who else may hold it: then no pages are left to hold.
        bool mustDrop = buffer.WasExported && buffer.HasPages && buffer.IsUntracked && buffer.Format.Profile != BufferProfile.Immutable;
        if (mustDrop && !buffer.TryDropPages(_faults))
        {
            using (Uninterrupted.Enter(_gate))
            {
                PutBack(buffer);
                if (!buffer.WasOrphan)
                {
                    buffer.WasOrphan = true;
                    _orphans++;
                    work.Freed--;
                    work.Orphaned++;
                    work.OrphanedBytes += buffer.Bytes;
                }
            }

            return;
        }

        if (buffer.Watch >= 0)
        {
            _closes!.Remove(buffer.Watch);
        }

        buffer.Close();
        using (Uninterrupted.Enter(_gate))
        {
            _quotas.Reclaim(buffer.Bytes, wasRevoked: !buffer.HasPages);
            buffer.Phase = BufferPhase.Reclaimed;
            _released.Remove(buffer);
            _slots.Free(buffer.Slot);
            long since = NowTicks() - buffer.ReleasedAt;
            if (buffer.WasOrphan)
            {
                _reclaims++;
                _longestReclaim = Math.Max(_longestReclaim, since);
            }

            TellReclaimed(buffer, since);
            if (_released.Count == 0)
            {
                Uninterrupted.Set(_settled);
            }
        }
    }

    private void PutBack(SharedBuffer buffer)
    {
        buffer.Phase = buffer.HasPages ? BufferPhase.Orphaned : BufferPhase.Revoked;
        buffer.RetryAt = NowTicks() + TicksOf(s_retry);
        _probe = true;
        Doorbell.Ring(_careBell);
    }
}
