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

        RequireNoListener();
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
                StopStream();
                ReleaseAll(ReleaseMode.Orphan, long.MaxValue, work);
                _owner = null;
            }

            Finish(work);
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

        RequireNoListener();
        lock (_changes)
        {
            lock (_gate)
            {
                if (count == 0)
                {
                    RequireOpen(handle);
                    return new BufferRange(_quotas.LiveBuffers, 0);
                }

                RequireOwner(handle);
                if (_quotas.LiveBuffers == 0)
                {
                    RequireNoWaiter();
                }

                count = Math.Min(count, _options.MaxBuffers - _quotas.LiveBuffers);
                if (count == 0)
                {
                    throw Exceeded(new QuotaRefusal(BufferQuota.Buffers, _quotas.LiveBuffers, _options.MaxBuffers, 1));
                }
            }

            return Make(handle, count, format, least: 1);
        }
    }

    /// <summary><c>VIDIOC_REMOVE_BUFS</c>: all of a range, or nothing.</summary>
    public ReleaseResult Remove(BufferQueue handle, int first, int count)
    {
        RequireNoListener();
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
                if (count < 0 || first < 0 || count > _quotas.LiveBuffers || first > _live.Capacity - count || !_live.AreAll(first, count))
                {
                    throw Invalid($"not all of the {count} buffers from {first} on exist.");
                }

                for (int i = first; i < first + count; i++)
                {
                    if (_live[i]!.State != BufferState.Dequeued)
                    {
                        throw new BufferException(BufferError.Busy, $"{Name}: buffer {i} is {_live[i]!.State}; only dequeued ones can be removed.");
                    }
                }

                for (int i = first; i < first + count; i++)
                {
                    Release(_live[i]!, ReleaseMode.Orphan, long.MaxValue, work);
                }
            }

            Finish(work);
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
                IsHeld = IsHeld(buffer),
                IsFrozen = buffer.IsFrozen,
                HasHugePages = buffer.HasHugePages,
                Importers = buffer.Claims.Count,
                Sequence = buffer.Sequence,
            };
        }
    }

    /// <summary>Makes an immutable buffer's contents final.</summary>
    public void Freeze(BufferQueue handle, int index)
    {
        RequireNoListener();
        lock (_changes)
        {
            SharedBuffer buffer;
            lock (_gate)
            {
                RequireOwner(handle);
                buffer = Require(index);
                if (buffer.Format.Profile != BufferProfile.Immutable || buffer.IsFrozen)
                {
                    throw Invalid($"buffer {index} is {(buffer.IsFrozen ? "frozen already" : $"{buffer.Format.Profile}; only immutable ones are frozen")}.");
                }

                if (buffer.Pins != 0)
                {
                    throw new BufferException(BufferError.Busy, $"{Name}: buffer {index} is pinned; it can be frozen when nobody writes to it.");
                }

                buffer.IsFreezing = true;
            }

            try
            {
                buffer.Freeze(Name, _faults);
            }
            finally
            {
                lock (_gate)
                {
                    buffer.IsFreezing = false;
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
                SharedBuffer buffer = SharedBuffer.Create(Name, format, _options.DescriptorHeadroom, _faults);
                memory.Made(format.Bytes);
                lock (_gate)
                {
                    buffer.Slot = _slots.Take(out uint generation);
                    buffer.Generation = generation;
                    _control.Publish(buffer.Slot, ControlWord.OfLive(generation));
                    _live.Put(buffer, range.First + made);
                    TellCreated(buffer);
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
            Forgo(range, made, format);
        }

        lock (_gate)
        {
            _quotas.NotePeak();
        }

        return range with { Count = made };
    }

    /// <summary>Takes indices and quota for buffers that are about to be made; makes room for them as far as the policy allows.</summary>
    private BufferRange Reserve(BufferQueue handle, int wanted, BufferFormat format, out BufferQueue? formerOwner)
    {
        long patience = After(NowTicks(), s_patience);
        SpinWait spin = default;
        while (true)
        {
            var work = new ReleaseWork();
            lock (_gate)
            {
                if (_quotas.RefusalOf(wanted, format.Bytes) is not { } refusal)
                {
                    // At once: what can be seen of them already must not be somebody else's to queue.
                    formerOwner = _owner;
                    _owner = handle;
                    BufferRange range = _live.Take(wanted);
                    _quotas.Add(range.Count, format.Bytes);
                    _unmadeBytes += range.Count * format.Bytes;
                    return range;
                }

                if (!QuotaBook.DependsOnReleased(refusal))
                {
                    throw Exceeded(refusal);
                }

                ProbeReleased(work);
                bool isRoomComing = _released.Any(buffer => buffer.Phase is BufferPhase.Closing or BufferPhase.Revoking) && NowTicks() < patience;
                if (!isRoomComing && work.IsEmpty
                    && !(_options.OrphanPolicy == OrphanPolicy.RevokeOldest && refusal.Quota == BufferQuota.OrphanedBytes && RevokeOldest(work)))
                {
                    throw Exceeded(refusal);
                }
            }

            if (work.IsEmpty)
            {
                // Another thread is about to give back what it found to be free, or drops pages.
                spin.SpinOnce();
            }

            Finish(work);
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
                Release(_live[i]!, ReleaseMode.Orphan, long.MaxValue, work);
            }
        }

        Finish(work);
    }

    /// <summary>Gives back what was reserved for buffers that were not made.</summary>
    private void Forgo(BufferRange range, int made, BufferFormat format)
    {
        lock (_gate)
        {
            for (int i = range.First + made; i < range.First + range.Count; i++)
            {
                _live.Free(i);
            }

            _quotas.Remove(range.Count - made, format.Bytes);
            _unmadeBytes -= (range.Count - made) * format.Bytes;
        }
    }
}
