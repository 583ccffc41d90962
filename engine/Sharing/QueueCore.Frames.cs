using System.Diagnostics;
using MagAlloc.Platform;

namespace MagAlloc.Sharing;

/// <content>Frames on their way: handed to importers, acknowledged, or forfeited.</content>
internal sealed partial class QueueCore
{
    private bool _isCrowded;
    private long _handOvers;
    private long _acknowledgements;
    private long _stale;

    /// <summary>
    /// Hands a queued buffer to the importers that have it. Without any it goes on waiting; and while one of them has not acknowledged as many frames as its socket
    /// has room for, so that none that reads in its own time is taken for stuck.
    /// </summary>
    private void Activate(SharedBuffer buffer)
    {
        foreach (Claim claim in buffer.Claims)
        {
            if (!claim.IsDisputed && claim.Peer.Frames >= claim.Peer.FrameRoom)
            {
                _isCrowded = true;
                return;
            }
        }

        SharingMessage message = new()
        {
            Kind = MessageKind.Frame,
            Flags = buffer.IsLast ? SharingMessage.Last : (ushort)0,
            Slot = buffer.Slot,
            Generation = buffer.Generation,
            Index = buffer.Index,
            Sequence = buffer.Sequence,
            Length = buffer.BytesUsed,
            Timestamp = Stopwatch.GetTimestamp(),
        };
        foreach (Claim claim in buffer.Claims)
        {
            if (claim.IsDisputed)
            {
                continue;
            }

            if (TrySend(claim.Peer, ref message))
            {
                claim.Pending = buffer.Sequence;
                claim.Peer.MessagesLeft++;
                claim.Peer.Frames++;
                buffer.Pending++;
                _handOvers++;
            }
            else
            {
                // There was room for it: it has not read what came before, or is gone.
                MarkStuck(claim.Peer);
                buffer.HasFailed = true;
            }
        }

        if (buffer.Pending == 0)
        {
            buffer.HasFailed = false;
            return;
        }

        buffer.State = BufferState.Active;
        _queued.Remove(buffer);
    }

    /// <returns>False when no importer may say this.</returns>
    private bool TryAcknowledge(Claim? claim, in SharingMessage message)
    {
        if (claim is null || claim.Pending == 0 || claim.Pending != message.Sequence)
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

    /// <summary>One importer less has the frame.</summary>
    private void Settle(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;
        claim.Pending = 0;
        claim.Peer.Frames--;
        if (--buffer.Pending == 0 && buffer.State == BufferState.Active)
        {
            buffer.State = buffer.HasFailed ? BufferState.Error : BufferState.Done;
            _done.Enqueue(buffer);
            if (_isWaiting && _waiter != Environment.CurrentManagedThreadId)
            {
                Doorbell.Ring(_dequeueBell);
            }
        }

        if (_isCrowded)
        {
            ActivateQueued();
        }
    }

    private void ActivateQueued()
    {
        _isCrowded = false;
        foreach (SharedBuffer buffer in _queued.ToArray())
        {
            Activate(buffer);
        }
    }
}
