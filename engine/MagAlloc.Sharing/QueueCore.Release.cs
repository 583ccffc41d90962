namespace MagAlloc.Sharing;

/// <content>
/// Releases, as their caller sees them; what they do with each buffer the <see cref="BufferReclaimer"/> knows.
/// </content>
internal sealed partial class QueueCore
{
    /// <summary>Releases all live buffers.</summary>
    /// <param name="handle">The owner's.</param>
    /// <param name="mode">What becomes of held ones.</param>
    /// <param name="deadline">With <see cref="ReleaseMode.Revoke"/>: how long they may still be held.</param>
    public ReleaseResult Release(BufferQueue handle, ReleaseMode mode, TimeSpan deadline)
    {
        QueueEvents.RequireNoListener();
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

                held = mode == ReleaseMode.Strict ? BufferHolders.Name(_ledger.Live.All.Where(_holders.IsHeld)) : [];
                if (held.Count == 0)
                {
                    _stream.Stop(_ledger.Live.All);
                    _reclaimer.ReleaseAll(mode, Ticks.After(Ticks.Now, deadline), work);
                    _owner = null;
                }
            }

            if (held.Count != 0)
            {
                throw BufferException.Held(Name, held);
            }

            _reclaimer.Finish(work);
            return work.Unrevocable == 0 ? work.Result : throw BufferException.NotRevoked(Name, work.Result, work.Unrevocable);
        }
    }

    /// <summary>Revokes what was released and is still held.</summary>
    /// <returns>How many buffers lost their pages.</returns>
    public int RevokeOrphans(BufferQueue handle)
    {
        QueueEvents.RequireNoListener();
        lock (_changes)
        {
            var work = new ReleaseWork();
            lock (_gate)
            {
                RequireOwner(handle);
                _reclaimer.RevokeReleased(work);
            }

            _reclaimer.Finish(work);
            return work.Revoked;
        }
    }

    /// <summary>Waits until no released buffer is held, revoked ones included.</summary>
    /// <returns>False when the time has passed before, or the queue has ended.</returns>
    public bool WaitForReclaim(BufferQueue handle, TimeSpan timeout)
    {
        lock (_gate)
        {
            RequireOpen(handle);
        }

        bool settled = _reclaimer.Wait(timeout);
        lock (_gate)
        {
            return settled && !_isClosed;
        }
    }
}
