using MagAlloc.Events;

namespace MagAlloc.Sharing;

/// <content>Making, removing and looking at buffers.</content>
internal sealed partial class QueueCore
{
    // Much longer than it takes to close a file, and as long as it takes to drop gigabytes.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary><c>VIDIOC_REQBUFS</c>: releases what there is and makes new buffers.</summary>
    /// <returns>How many there are; fewer than asked for when the maximum or memory is short.</returns>
    public int Request(BufferQueue handle, int count, BufferFormat format)
    {
        if (count < 0)
        {
            throw Invalid($"a count of {count} buffers is out of range: it is 0 or more.");
        }

        QueueEvents.RequireNoListener();
        lock (_changes)
        {
            var work = new ReleaseWork();
            lock (_gate)
            {
                RequireOwner(handle);
                if (!_options.ImplicitStop)
                {
                    RequireStopped();
                }

                RequireNoWaiter();

                // What was queued while the stream was off is not any more.
                _stream.Stop(_ledger.Live.All);
                _reclaimer.ReleaseAll(ReleaseMode.Orphan, long.MaxValue, work);
                _owner = null;
            }

            _reclaimer.Finish(work);
            return count == 0 ? 0 : Make(handle, Math.Clamp(count, _options.MinBuffers, _options.MaxBuffers), format, _options.MinBuffers).Count;
        }
    }

    /// <summary><c>VIDIOC_CREATE_BUFS</c>: adds buffers.</summary>
    public BufferRange Create(BufferQueue handle, int count, BufferFormat format)
    {
        if (count < 0)
        {
            throw Invalid($"a count of {count} buffers is out of range: it is 0 or more.");
        }

        QueueEvents.RequireNoListener();
        lock (_changes)
        {
            lock (_gate)
            {
                if (count == 0)
                {
                    RequireOpen(handle);
                    return new BufferRange(_ledger.Quotas.LiveBuffers, 0);
                }

                RequireOwner(handle);
                if (_ledger.Quotas.LiveBuffers == 0)
                {
                    RequireNoWaiter();
                }

                count = Math.Min(count, _options.MaxBuffers - _ledger.Quotas.LiveBuffers);
                if (count == 0)
                {
                    throw Exceeded(new QuotaRefusal(BufferQuota.Buffers, _ledger.Quotas.LiveBuffers, _options.MaxBuffers, 1));
                }
            }

            return Make(handle, count, format, least: 1);
        }
    }

    /// <summary><c>VIDIOC_REMOVE_BUFS</c>: all of a range, or nothing.</summary>
    public ReleaseResult Remove(BufferQueue handle, int first, int count)
    {
        QueueEvents.RequireNoListener();
        lock (_changes)
        {
            var work = new ReleaseWork();
            lock (_gate)
            {
                if (count == 0)
                {
                    // As the kernel: there is nothing to own, and no place that it could not be at.
                    RequireOpen(handle);
                    return default;
                }

                RequireOwner(handle);
                if (count < 0 || first < 0 || count > _ledger.Quotas.LiveBuffers || first > _ledger.Live.Capacity - count || !_ledger.Live.AreAll(first, count))
                {
                    throw Invalid($"not all of the {count} buffers from {first} on exist.");
                }

                for (int i = first; i < first + count; i++)
                {
                    if (_ledger.Live[i]!.State != BufferState.Dequeued)
                    {
                        throw new BufferException(BufferError.Busy, $"{Name}: buffer {i} is {_ledger.Live[i]!.State}; only dequeued ones can be removed.");
                    }
                }

                for (int i = first; i < first + count; i++)
                {
                    _reclaimer.Release(_ledger.Live[i]!, ReleaseMode.Orphan, long.MaxValue, work);
                }
            }

            _reclaimer.Finish(work);
            return work.Result;
        }
    }

    /// <summary><c>VIDIOC_QUERYBUF</c>. Anybody may ask.</summary>
    public BufferInfo Query(BufferQueue handle, int index)
    {
        lock (_gate)
        {
            RequireOpen(handle);
            SharedBuffer buffer = Require(index);
            return new BufferInfo
            {
                Index = index,
                Length = buffer.Bytes,
                Profile = buffer.Format.Profile,
                State = buffer.State,
                IsHeld = _holders.IsHeld(buffer),
                IsFrozen = buffer.Memory.IsFrozen,
                HasHugePages = buffer.Memory.HasHugePages,
                Importers = buffer.Claims.Count,
                Sequence = buffer.Sequence,
            };
        }
    }

    /// <summary>Makes an immutable buffer's contents final.</summary>
    public void Freeze(BufferQueue handle, int index)
    {
        QueueEvents.RequireNoListener();
        lock (_changes)
        {
            SharedBuffer buffer;
            lock (_gate)
            {
                RequireOwner(handle);
                buffer = Require(index);
                if (buffer.Format.Profile != BufferProfile.Immutable || buffer.Memory.IsFrozen)
                {
                    throw Invalid($"buffer {index} is {(buffer.Memory.IsFrozen ? "frozen already" : $"{buffer.Format.Profile}; only immutable ones are frozen")}.");
                }

                if (buffer.Pins != 0)
                {
                    throw new BufferException(BufferError.Busy, $"{Name}: buffer {index} is pinned; it can be frozen when nobody writes to it.");
                }

                buffer.Memory.IsFreezing = true;
            }

            try
            {
                buffer.Memory.Freeze(Name, _faults);
            }
            finally
            {
                lock (_gate)
                {
                    buffer.Memory.IsFreezing = false;
                }
            }
        }
    }

    /// <summary>Makes buffers, under <c>_changes</c>.</summary>
    /// <param name="handle">Becomes the owner.</param>
    /// <param name="wanted">How many; not more than there is room for.</param>
    /// <param name="format">Like what.</param>
    /// <param name="least">Fewer are none.</param>
    private BufferRange Make(BufferQueue handle, int wanted, BufferFormat format, int least)
    {
        BufferRange range = Reserve(handle, wanted, format, out BufferQueue? formerOwner);
        int made = 0;
        try
        {
            using MemoryClaim memory = new(Name, _options.Budget ?? CommitBudget.Instance, format, range.Count, _faults);
            for (; made < range.Count; made++)
            {
                memory.Renew();
                SharedBuffer buffer = new(format, BufferMemory.Create(Name, format, _options.DescriptorHeadroom, _faults));
                memory.Made(format.Bytes);
                lock (_gate)
                {
                    _ledger.Admit(buffer, range.First + made);
                    _control.Publish(buffer.Slot, ControlWord.OfLive(buffer.Generation));
                    _events.Created(buffer);
                }
            }
        }
        catch (BufferException) when (made >= least && made > 0)
        {
            // As the kernel: what could be made is granted.
        }
        catch (Exception e)
        {
            Undo(range, made, formerOwner);
            if (e is BufferException { Quota: { } refusal })
            {
                lock (_gate)
                {
                    NoteRefusal(refusal);
                }
            }

            throw;
        }
        finally
        {
            lock (_gate)
            {
                _ledger.Forgo(range, made, format.Bytes);
            }
        }

        lock (_gate)
        {
            _ledger.Quotas.NotePeak();
        }

        return range with { Count = made };
    }

    /// <summary>
    /// Takes indices and quota for buffers that are about to be made; makes room for them as far as the policy allows.
    /// </summary>
    private BufferRange Reserve(BufferQueue handle, int wanted, BufferFormat format, out BufferQueue? formerOwner)
    {
        long patience = Ticks.After(Ticks.Now, s_patience);
        SpinWait spin = default;
        while (true)
        {
            var work = new ReleaseWork();
            lock (_gate)
            {
                if (_ledger.Quotas.RefusalOf(wanted, format.Bytes) is not { } refusal)
                {
                    // At once: what can be seen of them already must not be somebody else's to queue.
                    formerOwner = _owner;
                    _owner = handle;
                    return _ledger.Reserve(wanted, format.Bytes);
                }

                if (!QuotaBook.DependsOnReleased(refusal))
                {
                    throw Exceeded(refusal);
                }

                _reclaimer.Probe(work);
                bool isRoomComing = _ledger.Released.Any(buffer => buffer.Phase is BufferPhase.Closing or BufferPhase.Revoking) && Ticks.Now < patience;
                if (!isRoomComing && work.IsEmpty
                    && !(_options.OrphanPolicy == OrphanPolicy.RevokeOldest && refusal.Quota == BufferQuota.OrphanedBytes && _reclaimer.RevokeOldest(work)))
                {
                    throw Exceeded(refusal);
                }
            }

            if (work.IsEmpty)
            {
                // Another thread is about to give back what it found to be free, or drops pages.
                spin.SpinOnce();
            }

            _reclaimer.Finish(work);
        }
    }

    private void Undo(BufferRange range, int made, BufferQueue? formerOwner)
    {
        var work = new ReleaseWork();
        lock (_gate)
        {
            _owner = formerOwner;
            for (int i = range.First; i < range.First + made; i++)
            {
                _reclaimer.Release(_ledger.Live[i]!, ReleaseMode.Orphan, long.MaxValue, work);
            }
        }

        _reclaimer.Finish(work);
    }
}
