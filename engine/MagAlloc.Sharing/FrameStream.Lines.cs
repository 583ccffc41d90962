using MagAlloc.Platform;

namespace MagAlloc.Sharing;

/// <content>Importers' lines: what they are promised, what they have, and how long they may have it.</content>
internal sealed partial class FrameStream
{
    /// <summary>An importer has got a buffer in which a frame may wait.</summary>
    public void OfferTo(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;
        if (!IsOn || !_unclaimed.Remove(buffer))
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

    /// <returns>False when no importer may say this.</returns>
    public bool TryAcknowledge(Claim? claim, in SharingMessage message)
    {
        if (claim is null || claim.IsInLine || claim.Pending == 0 || claim.Pending != message.Sequence)
        {
            // Of a frame that was the importer's before the stream was stopped, or the buffer revoked.
            StaleAcknowledgements++;
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

        Acknowledgements++;
        ExpectAcknowledgement(claim.Peer);
        Settle(claim);
        return true;
    }

    /// <summary>A claim is no more: the frame that it stood for comes back as an error.</summary>
    public void Drop(Claim claim)
    {
        BufferLedger.Drop(claim);
        Forfeit(claim);
    }

    /// <summary>The frame that a claim stands for will not be acknowledged.</summary>
    public void Forfeit(Claim claim)
    {
        if (claim.Pending != 0)
        {
            claim.Buffer.HasFailed = true;
            Settle(claim);
        }
    }

    /// <summary>Tries again what found no room.</summary>
    public void ServeWaiting()
    {
        foreach (BufferPeer peer in peers.All)
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

            ExpectNothing(peer);
        }
    }

    public static bool IsLate(BufferPeer peer) => peer.DueAt <= Ticks.Now;

    private void Promise(Claim claim)
    {
        BufferLedger.Promise(claim);
        claim.Peer.Line.Enqueue(claim);
        Serve(claim.Peer);
    }

    /// <summary>
    /// Hands an importer what it is promised, as far as it has room: so none that reads in its own time is taken for
    /// stuck.
    /// </summary>
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
        if (!peers.TrySend(claim.Peer, ref message))
        {
            AwaitRoom(claim.Peer, VirtualMemory.LastError);
            return false;
        }

        BufferLedger.HandOver(claim);
        claim.Peer.MessagesLeft++;
        if (claim.Peer.Frames == 1)
        {
            ExpectAcknowledgement(claim.Peer);
        }

        HandOvers++;
        if (buffer.Sequence > _newestOut)
        {
            _newestOut = buffer.Sequence;
            SkipOlder();
        }

        return true;
    }

    /// <summary>One importer less has the frame, or waits for it.</summary>
    private void Settle(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;
        if (BufferLedger.Settle(claim))
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

        ExpectNothing(claim.Peer);
        Serve(claim.Peer);
    }

    private void ExpectAcknowledgement(BufferPeer peer)
    {
        peer.DueAt = Ticks.After(Ticks.Now, options.AcknowledgeTimeout);
        if (peer.DueAt < bells.CareUntil)
        {
            // The caretaker would sleep for longer.
            bells.RingCaretaker();
        }
    }

    private static void ExpectNothing(BufferPeer peer)
    {
        if (peer.Frames == 0 && !peer.HasNoRoom)
        {
            peer.DueAt = long.MaxValue;
        }
    }

    /// <returns>False when an importer has no room to be told that the stream was stopped: it is told nothing else
    /// before.</returns>
    private bool TryTellStop(BufferPeer peer)
    {
        if (peer.OwedStop is not { } sequence)
        {
            return true;
        }

        SharingMessage message = new() { Kind = MessageKind.Stopped, Sequence = sequence };
        if (!peers.TrySend(peer, ref message))
        {
            AwaitRoom(peer, VirtualMemory.LastError);
            return false;
        }

        peer.OwedStop = null;
        return true;
    }

    /// <summary>
    /// A message did not go out. A socket can be full of what streams sent that were stopped since: its reader has as
    /// long as for a frame.
    /// </summary>
    private void AwaitRoom(BufferPeer peer, int error)
    {
        if (error != LinuxError.TryAgain)
        {
            peers.MarkStuck(peer, error);
            return;
        }

        if (!peer.HasNoRoom)
        {
            peer.HasNoRoom = true;
            bells.RingCaretaker();
        }

        if (peer.DueAt == long.MaxValue)
        {
            ExpectAcknowledgement(peer);
        }
    }
}
