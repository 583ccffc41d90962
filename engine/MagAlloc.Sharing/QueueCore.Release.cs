using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>The way out, first half: what a release does with each buffer.</content>
internal sealed partial class QueueCore
{
    /// <summary>Releases all live buffers.</summary>
    /// <param name="handle">The owner's.</param>
    /// <param name="mode">What becomes of held ones.</param>
    /// <param name="deadline">With <see cref="ReleaseMode.Revoke"/>: how long they may still be held.</param>
    public ReleaseResult Release(BufferQueue handle, ReleaseMode mode, TimeSpan deadline)
    {
        RequireNoListener();
        lock (_changes)
        {
            var work = new ReleaseWork();
            List<BufferHolder> held;
            lock (_gate)
            {
                RequireOwner(handle);
                if (!_options.ImplicitStop)
                {
                    RequireStopped();
                }

                held = mode == ReleaseMode.Strict ? HoldersOf(_live.All.Where(IsHeld)) : [];
                if (held.Count == 0)
                {
                    StopStream();
                    ReleaseAll(mode, After(NowTicks(), deadline), work);
                    _owner = null;
                }
            }

            if (held.Count != 0)
            {
                throw BufferException.Held(Name, held);
            }

            Finish(work);
            return work.Unrevocable == 0 ? work.Result : throw BufferException.NotRevoked(Name, work.Result, work.Unrevocable);
        }
    }

    /// <summary>Revokes what was released and is still held.</summary>
    /// <returns>How many buffers lost their pages.</returns>
    public int RevokeOrphans(BufferQueue handle)
    {
        RequireNoListener();
        lock (_changes)
        {
            var work = new ReleaseWork();
            lock (_gate)
            {
                RequireOwner(handle);
                RevokeReleased(work);
            }

            Finish(work);
            return work.Revoked;
        }
    }

    /// <summary>Who holds buffers, as far as it is known: importers that claim them, else somebody unknown.</summary>
    private static List<BufferHolder> HoldersOf(IEnumerable<SharedBuffer> held)
    {
        List<BufferHolder> holders = [];
        foreach (SharedBuffer buffer in held)
        {
            holders.AddRange(buffer.Claims.Select(claim => new BufferHolder(buffer.Index, claim.Peer.ProcessId, claim.Peer.UserId, IsImporter: true)));
            if (buffer.Claims.Count == 0)
            {
                holders.Add(new BufferHolder(buffer.Index, 0, -1, IsImporter: false));
            }
        }

        return holders;
    }

    /// <summary>
    /// Whether anybody but the owner holds a buffer. The kernel's answer where it gives one, whatever importers say; else what they say.
    /// </summary>
    private bool IsHeld(SharedBuffer buffer)
    {
        if (buffer.Pins != 0 && buffer.Phase != BufferPhase.Live)
        {
            // By the owner itself: a release must not take memory from under a pin.
            return true;
        }

        if (IsInDmaBuf(buffer))
        {
            return true;
        }

        if (!buffer.WasExported)
        {
            return false;
        }

        return Ask(buffer) switch
        {
            LeaseAnswer.Free when !buffer.IsUntracked => false,
            LeaseAnswer.Held => true,

            // A disputed claim was given up in words: it lasts while the kernel sees somebody.
            _ => buffer.Claims.Any(claim => !claim.IsDisputed),
        };
    }

    private LeaseAnswer Ask(SharedBuffer buffer)
    {
        LeaseAnswer answer = buffer.AskLease(_faults);
        buffer.HasStrays &= answer != LeaseAnswer.Free;

        // Who is not asked about any more may be anybody: its pages are dropped before it is closed.
        buffer.IsUntracked |= answer == LeaseAnswer.Refused;
        return answer;
    }

    private void ReleaseAll(ReleaseMode mode, long revokeAt, ReleaseWork work)
    {
        foreach (SharedBuffer buffer in _live.All)
        {
            Release(buffer, mode, revokeAt, work);
        }
    }

    /// <summary>Takes a live buffer's index away. Held, it becomes an orphan, or is revoked; else it is closed.</summary>
    private void Release(SharedBuffer buffer, ReleaseMode mode, long revokeAt, ReleaseWork work)
    {
        // Nobody stops another thread from queueing what a request that fails has made already.
        Withdraw(buffer);
        _live.Free(buffer.Index);
        buffer.ReleasedAt = NowTicks();
        buffer.Phase = BufferPhase.Orphaned;
        if (buffer.Pins == 0)
        {
            work.Unmapping.Add(buffer);
        }

        bool isHeld = IsHeld(buffer);
        TellReleased(buffer, isHeld);
        _quotas.Orphan(buffer.Bytes);
        _released.Add(buffer);
        _settled.Reset();
        if (!isHeld)
        {
            work.Freed++;
            Reclaim(buffer, work);
            return;
        }

        _orphans++;
        buffer.WasOrphan = true;
        _control.Publish(buffer.Slot, ControlWord.OfOrphan(buffer.Generation));
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
            long timeout = After(buffer.ReleasedAt, _options.OrphanTimeout);
            buffer.RevokeAt = mode == ReleaseMode.Revoke ? Math.Min(revokeAt, timeout) : timeout;
        }

        _probe = true;
        Doorbell.Ring(_careBell);
    }

    /// <summary>Announces that an orphan is no more; its pages go when the lock is released.</summary>
    private void Revoke(SharedBuffer buffer, ReleaseWork work)
    {
        buffer.Phase = BufferPhase.Revoking;

        // If the system refuses now, it is due still.
        buffer.RevokeAt = Math.Min(buffer.RevokeAt, NowTicks());
        _control.Revoke(buffer.Slot);
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
            TrySend(claim.Peer, ref message);
        }

        work.Revoking.Add(buffer);
        work.Revoked++;
    }
}
