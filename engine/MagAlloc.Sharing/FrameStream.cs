using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>Frames on their way: handed to importers, acknowledged, forfeited, or skipped.</content>
/// <remarks>
/// <para><b>One order.</b> A frame's number and time are those of its <see cref="Queue"/>. Who has the buffer then (or, of a frame that was queued before, at
/// <see cref="StreamOn"/>) is promised the frame: it stands in that importer's <see cref="BufferPeer.Line"/>, and each line is served from its head as long as the importer has
/// room. So no importer sees a number that is not above the one before, and one without room delays its own line only.</para>
/// <para><b>Frames without anybody</b> wait in <c>_unclaimed</c>, by number. An importer that gets such a buffer is promised the frame if it is the newest of all; an older
/// one goes back to the owner at once, as skipped. So does each that waits when a newer frame goes out: it is too late for everybody. A frame whose importers are all gone
/// before one of them got it is such a frame again.</para>
/// <para><b>Who hangs.</b> An importer that has frames must acknowledge one in <see cref="BufferQueueOptions.AcknowledgeTimeout"/>, or the caretaker disconnects it. The time runs
/// from its last acknowledgement, or from the first frame that it got when it had none.</para>
/// <para><b>No room.</b> A socket also holds what was sent of streams that were stopped since, and nobody counts that. So one can be full for an importer that reads in its own
/// time: the end of a stream is owed to it, its line waits behind that, and the caretaker tries again until the same time has passed.</para>
/// </remarks>
internal sealed partial class QueueCore
{
    private readonly List<SharedBuffer> _unclaimed = [];
    private long _newestOut;
    private long _handOvers;
    private long _acknowledgements;
    private long _stale;
    private long _skipped;

    /// <summary>A queued frame is due: it is promised to all who have the buffer.</summary>
    private void Offer(SharedBuffer buffer)
    {
        foreach (Claim claim in buffer.Claims)
        {
            if (!claim.IsDisputed)
            {
                Promise(claim);
            }
        }

        if (buffer.Pending == 0)
        {
            Unclaim(buffer);
        }
    }

    /// <summary>An importer has got a buffer in which a frame may wait.</summary>
    private void OfferTo(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;
        if (!_isStreaming || !_unclaimed.Remove(buffer))
        {
            return;
        }

        if (buffer.Sequence == _sequence)
        {
            Promise(claim);
        }
        else
        {
            Skip(buffer);
        }
    }

    private void Promise(Claim claim)
    {
        claim.Pending = claim.Buffer.Sequence;
        claim.IsInLine = true;
        claim.Buffer.Pending++;
        claim.Peer.Line.Enqueue(claim);
        Serve(claim.Peer);
    }

    /// <summary>Hands an importer what it is promised, as far as it has room: so none that reads in its own time is taken for stuck.</summary>
    private void Serve(BufferPeer peer)
    {
        while (!peer.IsGone && !peer.IsStuck && TryTellStop(peer) && peer.Frames < peer.FrameRoom && peer.Line.TryPeek(out Claim? claim))
        {
            if (!TryHandOver(claim))
            {
                return;
            }

            peer.Line.Dequeue();
        }
    }

    private bool TryHandOver(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;
        SharingMessage message = new()
        {
            Kind = MessageKind.Frame,
            Flags = buffer.IsLast ? SharingMessage.Last : (ushort)0,
            Slot = buffer.Slot,
            Generation = buffer.Generation,
            Index = buffer.Index,
            Sequence = buffer.Sequence,
            Length = buffer.QueuedBytes,
            Timestamp = buffer.QueuedAt,
        };
        if (!TrySend(claim.Peer, ref message))
        {
            AwaitRoom(claim.Peer, VirtualMemory.LastError);
            return false;
        }

        claim.IsInLine = false;
        claim.Peer.MessagesLeft++;
        if (++claim.Peer.Frames == 1)
        {
            ExpectAcknowledgement(claim.Peer);
        }

        buffer.State = BufferState.Active;
        _handOvers++;
        if (buffer.Sequence > _newestOut)
        {
            _newestOut = buffer.Sequence;
            SkipOlder();
        }

        return true;
    }

    /// <returns>False when no importer may say this.</returns>
    private bool TryAcknowledge(Claim? claim, in SharingMessage message)
    {
        if (claim is null || claim.IsInLine || claim.Pending == 0 || claim.Pending != message.Sequence)
        {
            // Of a frame that was the importer's before the stream was stopped, or the buffer revoked.
            _stale++;
            return true;
        }

        SharedBuffer buffer = claim.Buffer;
        if (claim.IsWritable)
        {
            if (message.Length < 0 || message.Length > buffer.Bytes)
            {
                return false;
            }

            buffer.BytesUsed = message.Length;
        }

        _acknowledgements++;
        ExpectAcknowledgement(claim.Peer);
        Settle(claim);
        return true;
    }

    /// <summary>The frame that a claim stands for will not be acknowledged.</summary>
    private void Forfeit(Claim claim)
    {
        if (claim.Pending != 0)
        {
            claim.Buffer.HasFailed = true;
            Settle(claim);
        }
    }

    /// <summary>One importer less has the frame, or waits for it.</summary>
    private void Settle(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;
        TakeFrom(claim);
        if (--buffer.Pending == 0)
        {
            if (buffer.State == BufferState.Active)
            {
                Complete(buffer, buffer.HasFailed ? BufferState.Error : BufferState.Done);
            }
            else
            {
                Unclaim(buffer);
            }
        }

        Serve(claim.Peer);
    }

    /// <summary>An importer has its frame no more, nor is it promised one.</summary>
    private static void TakeFrom(Claim claim)
    {
        if (claim.IsInLine)
        {
            claim.Peer.LeaveLine(claim);
        }
        else if (claim.Pending != 0 && --claim.Peer.Frames == 0 && !claim.Peer.HasNoRoom)
        {
            claim.Peer.DueAt = long.MaxValue;
        }

        claim.Pending = 0;
        claim.IsInLine = false;
    }

    private void Complete(SharedBuffer buffer, BufferState state)
    {
        buffer.State = state;
        _done.Enqueue(buffer);
        if (_isWaiting && _waiter != Environment.CurrentManagedThreadId)
        {
            Doorbell.Ring(_dequeueBell);
        }
    }

    /// <summary>Nobody has a frame, and nobody is promised it.</summary>
    private void Unclaim(SharedBuffer buffer)
    {
        buffer.HasFailed = false;
        int place = _unclaimed.Count;
        while (place > 0 && _unclaimed[place - 1].Sequence > buffer.Sequence)
        {
            place--;
        }

        _unclaimed.Insert(place, buffer);
        SkipOlder();
    }

    private void SkipOlder()
    {
        while (_unclaimed.Count != 0 && _unclaimed[0].Sequence < _newestOut)
        {
            SharedBuffer late = _unclaimed[0];
            _unclaimed.RemoveAt(0);
            Skip(late);
        }
    }

    /// <summary>A frame goes back to the owner without having been anybody's.</summary>
    private void Skip(SharedBuffer buffer)
    {
        buffer.IsSkipped = true;
        _skipped++;
        Complete(buffer, BufferState.Done);
    }

    /// <summary>Takes a buffer out of the stream, wherever it is in it.</summary>
    private void Withdraw(SharedBuffer buffer)
    {
        if (buffer.State is BufferState.Done or BufferState.Error)
        {
            for (int left = _done.Count; left > 0; left--)
            {
                SharedBuffer done = _done.Dequeue();
                if (done != buffer)
                {
                    _done.Enqueue(done);
                }
            }
        }

        _unclaimed.Remove(buffer);
        buffer.State = BufferState.Dequeued;
        buffer.Pending = 0;
        foreach (Claim claim in buffer.Claims)
        {
            TakeFrom(claim);
        }
    }

    private void ExpectAcknowledgement(BufferPeer peer)
    {
        peer.DueAt = After(NowTicks(), _options.AcknowledgeTimeout);
        if (peer.DueAt < _careUntil)
        {
            // The caretaker would sleep for longer.
            Doorbell.Ring(_careBell);
        }
    }

    /// <returns>False when an importer has no room to be told that the stream was stopped: it is told nothing else before.</returns>
    private bool TryTellStop(BufferPeer peer)
    {
        if (peer.OwedStop is not { } sequence)
        {
            return true;
        }

        SharingMessage message = new() { Kind = MessageKind.Stopped, Sequence = sequence };
        if (!TrySend(peer, ref message))
        {
            AwaitRoom(peer, VirtualMemory.LastError);
            return false;
        }

        peer.OwedStop = null;
        return true;
    }

    /// <summary>A message did not go out. A socket can be full of what streams sent that were stopped since: its reader has as long as for a frame.</summary>
    private void AwaitRoom(BufferPeer peer, int error)
    {
        if (error != LinuxError.TryAgain)
        {
            MarkStuck(peer, error);
            return;
        }

        if (!peer.HasNoRoom)
        {
            peer.HasNoRoom = true;
            Doorbell.Ring(_careBell);
        }

        if (peer.DueAt == long.MaxValue)
        {
            ExpectAcknowledgement(peer);
        }
    }

    /// <summary>Tries again what found no room. Under the lock.</summary>
    private void ServeWaiting()
    {
        foreach (BufferPeer peer in _peers)
        {
            if (!peer.HasNoRoom)
            {
                continue;
            }

            peer.HasNoRoom = false;
            if (TryTellStop(peer))
            {
                Serve(peer);
            }

            if (!peer.HasNoRoom && peer.Frames == 0)
            {
                peer.DueAt = long.MaxValue;
            }
        }
    }

    /// <summary>Disconnects importers that have frames and acknowledge none. The caller does not hold the lock.</summary>
    private void DisconnectSilent()
    {
        BufferPeer[] late;
        lock (_gate)
        {
            ServeWaiting();
            late = [.. _peers.Where(IsLate)];
        }

        foreach (BufferPeer peer in late)
        {
            // While the owner does not dequeue nobody may have listened for a while.
            Pump(peer, waits: true);
            bool isLate;
            lock (_gate)
            {
                isLate = IsLate(peer);
            }

            if (isLate)
            {
                RemovePeer(peer, ImporterEnd.Silent);
            }
        }
    }

    private static bool IsLate(BufferPeer peer) => peer.DueAt <= NowTicks();
}
