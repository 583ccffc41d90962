using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>Importers: how they come, are heard, and go.</content>
internal sealed partial class QueueCore
{
    /// <summary>Makes a connected socket an importer: it must introduce itself.</summary>
    /// <param name="handle">Any handle.</param>
    /// <param name="socket">Becomes the queue's, also when this fails.</param>
    /// <param name="timeout">For its first message.</param>
    /// <returns>Null when it is none, or gone again.</returns>
    public BufferPeer? Connect(BufferQueue handle, FileDescriptor socket, TimeSpan timeout)
    {
        BufferPeer? peer = null;
        try
        {
            lock (_gate)
            {
                RequireOpen(handle);
            }

            peer = PeerGreeting.Greet(this, _options, _control, socket, timeout, out bool isMisuse);
            lock (_gate)
            {
                if (peer is not null)
                {
                    RequireOpen(handle);
                    _caretaker.Start(Name, _faults);
                    _peers.Add(peer);
                    _events.Connected(peer);
                }
                else if (isMisuse)
                {
                    _peers.NoteMisuse();
                }
            }
        }
        catch
        {
            socket.Dispose();
            peer?.Process?.Dispose();
            throw;
        }

        if (peer is null)
        {
            socket.Dispose();
            return null;
        }

        RingBells();
        return peer;
    }

    public ImporterEnd EndOf(BufferPeer peer)
    {
        lock (_gate)
        {
            return peer.End;
        }
    }

    public (int Buffers, long Bytes) HoldingsOf(BufferPeer peer)
    {
        lock (_gate)
        {
            return (peer.Claims.Count, peer.ClaimedBytes);
        }
    }

    public int UnacknowledgedOf(BufferPeer peer)
    {
        lock (_gate)
        {
            return peer.Frames;
        }
    }

    public void Disconnect(BufferPeer peer)
    {
        QueueEvents.RequireNoListener();
        RemovePeer(peer, ImporterEnd.Disconnected);
    }

    public bool TryKill(BufferPeer peer)
    {
        lock (_gate)
        {
            return !peer.IsGone && peer.Process is not null && ProcessDescriptor.TryKill(peer.Process);
        }
    }

    /// <summary>Reads all that an importer has sent.</summary>
    /// <param name="peer">The importer.</param>
    /// <param name="waits">For another thread that is at it, which is not long: there is a bound to what an importer
    /// may say. Else that one does it as well.</param>
    /// <returns>Whether there was anything.</returns>
    internal bool Pump(BufferPeer peer, bool waits = false)
    {
        if (waits)
        {
            peer.Receiving.Enter();
        }
        else if (!peer.Receiving.TryEnter())
        {
            return false;
        }

        bool any = false;
        ImporterEnd end = ImporterEnd.None;
        try
        {
            while (end == ImporterEnd.None)
            {
                SharingMessage message = default;
                int got = MessageSocket.Receive(peer.Socket, SharingMessage.BytesOf(ref message));
                if (got < 0 && VirtualMemory.LastError is LinuxError.TryAgain or LinuxError.Interrupted)
                {
                    break;
                }

                any = true;
                if (got < 0 && VirtualMemory.LastError == LinuxError.ConnectionReset)
                {
                    // Said once, before what it had sent: it ended without reading all that it was told.
                    continue;
                }

                end = got <= 0 ? ImporterEnd.Left : TryApply(peer, got, in message) ? ImporterEnd.None : ImporterEnd.Misuse;
            }
        }
        catch (ObjectDisposedException)
        {
            // Removed by somebody else.
            return any;
        }
        finally
        {
            peer.Receiving.Exit();
        }

        if (end != ImporterEnd.None)
        {
            RemovePeer(peer, end);
        }

        return any;
    }

    /// <summary>An importer is gone, or must go.</summary>
    internal void RemovePeer(BufferPeer peer, ImporterEnd end)
    {
        using (Uninterrupted.Enter(_gate))
        {
            if (peer.IsGone)
            {
                return;
            }

            _peers.Remove(peer, end);
            _events.Gone(peer);
            _holders.DropAll(peer);
        }

        MessageSocket.Shutdown(peer.Socket);
        peer.Socket.Dispose();
        peer.Process?.Dispose();
        RingBells();
    }

    /// <summary>Disconnects importers that were found stuck. The caller does not hold the lock.</summary>
    internal void DisconnectStuck()
    {
        if (!_peers.HasStuck)
        {
            return;
        }

        BufferPeer[] stuck;
        lock (_gate)
        {
            stuck = _peers.TakeStuck();
        }

        foreach (BufferPeer peer in stuck)
        {
            // What it said last counts, also if it was found gone by what could not be sent to it.
            Pump(peer, waits: true);
            RemovePeer(peer, peer.StuckEnd);
        }
    }

    /// <returns>False when no importer may send this.</returns>
    private bool TryApply(BufferPeer peer, int length, in SharingMessage message)
    {
        lock (_gate)
        {
            if (peer.IsGone)
            {
                return true;
            }

            bool isValid = length == SharingMessage.Bytes && (uint)message.Slot < (uint)_ledger.Slots
                && --peer.MessagesLeft >= 0 && TryApply(peer, in message);
            if (!isValid)
            {
                _peers.NoteMisuse();
            }

            return isValid;
        }
    }

    private bool TryApply(BufferPeer peer, in SharingMessage message)
    {
        bool isKnown = peer.Claims.TryGetValue(message.Slot, out Claim? claim) && claim.Buffer.Generation == message.Generation;
        if (message.Kind == MessageKind.Acknowledged)
        {
            return _stream.TryAcknowledge(isKnown ? claim : null, in message);
        }

        if (message.Kind is not (MessageKind.Imported or MessageKind.Refused or MessageKind.LetGo))
        {
            return false;
        }

        if (!isKnown)
        {
            // Of a buffer that was reclaimed while the message was under way.
            return true;
        }

        switch (message.Kind)
        {
            case MessageKind.Imported:
                BufferLedger.MarkRead(claim!);
                _holders.ExpectHeld(claim!);
                break;
            case MessageKind.Refused:
                _stream.Drop(claim!);
                break;
            default:
                _holders.LetGo(claim!);
                break;
        }

        return true;
    }

    private void RingBells()
    {
        _bells.RingCaretaker();
        _bells.RingOwner();
    }
}
