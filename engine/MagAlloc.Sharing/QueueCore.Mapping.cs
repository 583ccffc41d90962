using MagAlloc.Concurrency;

namespace MagAlloc.Sharing;

/// <content>The owner's own use of the memory.</content>
internal sealed unsafe partial class QueueCore
{
    /// <summary>The owner's mapping.</summary>
    /// <param name="handle">The owner's.</param>
    /// <param name="index">The buffer's.</param>
    /// <param name="forWriting">It shall be writable.</param>
    /// <param name="bytes">Its length.</param>
    public byte* MappingOf(BufferQueue handle, int index, bool forWriting, out long bytes)
    {
        lock (_gate)
        {
            return MappingOf(handle, Require(handle, index), forWriting, out bytes);
        }
    }

    /// <summary>The owner's mapping of a buffer, kept until <see cref="Unpin"/>.</summary>
    public byte* Pin(BufferQueue handle, SharedBuffer buffer, bool forWriting)
    {
        lock (_gate)
        {
            byte* mapping = MappingOf(handle, buffer, forWriting, out _);
            BufferLedger.Pin(buffer);
            return mapping;
        }
    }

    public void Unpin(SharedBuffer buffer)
    {
        ReleaseWork work;
        using (Uninterrupted.Enter(_gate))
        {
            if (!BufferLedger.Unpin(buffer))
            {
                return;
            }

            // Released meanwhile: this mapping was what held it, or the last thing that did.
            if (_ledger.IsAbandoned)
            {
                _reclaimer.CloseUnpinned(buffer);
                return;
            }

            work = new ReleaseWork();
            work.Unmapping.Add(buffer);
            _reclaimer.Probe(work);
            _reclaimer.Care(work);
        }

        _reclaimer.Finish(work);
    }

    public SharedBuffer Require(BufferQueue handle, int index)
    {
        lock (_gate)
        {
            RequireOwner(handle);
            return Require(index);
        }
    }

    private byte* MappingOf(BufferQueue handle, SharedBuffer buffer, bool forWriting, out long bytes)
    {
        RequireOwner(handle);
        if (buffer.Phase != BufferPhase.Live || buffer.Memory.Mapping == null)
        {
            throw new ObjectDisposedException(nameof(BufferQueue), $"{Name}: the buffer was released.");
        }

        if (buffer.Memory.IsFreezing)
        {
            throw new BufferException(BufferError.Busy, $"{Name}: buffer {buffer.Index} is just being frozen by another thread.");
        }

        if (buffer.Memory.IsVacant)
        {
            throw Invalid($"the freezing of buffer {buffer.Index} was refused half-way; freeze it again, or release it.");
        }

        if (forWriting && buffer.Memory.IsFrozen)
        {
            throw new BufferException(BufferError.AccessDenied, $"{Name}: buffer {buffer.Index} is frozen.");
        }

        bytes = buffer.Bytes;
        return buffer.Memory.Mapping;
    }
}
