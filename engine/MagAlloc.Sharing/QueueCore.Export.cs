using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>Exports: descriptions of buffers go to importers.</content>
internal sealed partial class QueueCore
{
    /// <summary><c>VIDIOC_EXPBUF</c>, to one importer.</summary>
    public void Export(BufferQueue handle, int index, BufferPeer peer, BufferAccess access)
    {
        if (!Enum.IsDefined(access))
        {
            throw Invalid($"access {access} does not exist.");
        }

        QueueEvents.RequireNoListener();
        bool writable = access == BufferAccess.ReadWrite;
        int error;
        lock (_gate)
        {
            RequireOwner(handle);
            SharedBuffer buffer = Require(index);
            RequireConnected(peer);
            RequireAllowed(buffer, peer, writable);
            RequireWithinImporter(buffer, peer);
            _holders.Watch(buffer);
            var message = new SharingMessage
            {
                Kind = MessageKind.Export,
                Flags = (ushort)((writable ? SharingMessage.Writable : 0) | ((int)buffer.Format.Profile << SharingMessage.ProfileShift)),
                Slot = buffer.Slot,
                Generation = buffer.Generation,
                Index = index,
                Length = buffer.Bytes,
            };
            error = SendDescription(buffer, peer, ref message, writable);
            if (error == 0)
            {
                Claim claim = BufferLedger.Grant(buffer, peer, writable);
                peer.MessagesLeft += 2;
                _exports++;
                _events.Exported(buffer, peer, access);
                _stream.OfferTo(claim);
            }
            else if (error == LinuxError.TryAgain && peer.HasNoRoom)
            {
                throw new BufferException(BufferError.TryAgain, $"{Name}: {peer} has not read yet what it was sent before; export buffer {index} again later.");
            }
            else if (PeerGreeting.IsPeersFault(error))
            {
                _peers.MarkStuck(peer, error);
            }
            else
            {
                throw BufferException.Refused(Name, "sendmsg", error);
            }
        }

        DisconnectStuck();
        if (error != 0)
        {
            throw NotConnected(peer);
        }
    }

    /// <summary>A dma-buf over a buffer, for drivers.</summary>
    /// <returns>The descriptor, which becomes the caller's.</returns>
    public FileDescriptor ExportDmaBuf(BufferQueue handle, int index)
    {
        QueueEvents.RequireNoListener();
        lock (_gate)
        {
            RequireOwner(handle);
            SharedBuffer buffer = Require(index);
            if (buffer.Format.Profile != BufferProfile.Stable)
            {
                throw Invalid($"buffer {index} is {buffer.Format.Profile}; a dma-buf is made of stable ones only.");
            }

            using FileDescriptor device = _holders.OpenDmaBufDevice();
            _caretaker.Start(Name, _faults);
            FileDescriptor made = _holders.MakeDmaBuf(buffer, device);
            _exports++;
            _events.DmaBufExported(buffer);
            return made;
        }
    }

    private void RequireConnected(BufferPeer peer)
    {
        if (peer.IsGone || !_peers.All.Contains(peer))
        {
            throw NotConnected(peer);
        }
    }

    private BufferException NotConnected(BufferPeer peer)
        => new(BufferError.Ended, $"{Name}: {peer} is not connected to this queue{Describe(peer.End)}.");

    private string Describe(ImporterEnd end) => end switch
    {
        ImporterEnd.None => string.Empty,
        ImporterEnd.Silent
            => $" any more: it had frames and acknowledged none for {_options.AcknowledgeTimeout.TotalSeconds:0.###} s ({nameof(BufferQueueOptions.AcknowledgeTimeout)})",
        ImporterEnd.Unread => " any more: it did not read what was sent to it",
        ImporterEnd.Misuse => " any more: it sent what no importer may",
        ImporterEnd.Disconnected => " any more: it was disconnected",
        _ => " any more",
    };

    private void RequireAllowed(SharedBuffer buffer, BufferPeer peer, bool writable)
    {
        BufferProfile profile = buffer.Format.Profile;
        if (peer.Claims.ContainsKey(buffer.Slot))
        {
            throw new BufferException(BufferError.Busy, $"{Name}: {peer} has buffer {buffer.Index} already.");
        }

        if (writable && !_options.WritableExports)
        {
            throw new BufferException(
                BufferError.AccessDenied, $"{Name}: this queue exports for reading only; set {nameof(BufferQueueOptions)}.{nameof(BufferQueueOptions.WritableExports)}.");
        }

        if (writable && profile != BufferProfile.Stable)
        {
            throw new BufferException(BufferError.AccessDenied, $"{Name}: buffer {buffer.Index} is {profile}, and so exported for reading only.");
        }

        if (profile == BufferProfile.Immutable && !buffer.Memory.IsFrozen)
        {
            throw Invalid($"buffer {buffer.Index} is immutable, and not frozen yet: freeze it before its first export.");
        }

        if (profile == BufferProfile.Revocable && !peer.AcceptsRevocable)
        {
            throw new BufferException(BufferError.NotSupported, $"{Name}: {peer} did not announce that it takes revocable buffers.");
        }

        if (profile == BufferProfile.Revocable && !_options.TrustImporters && (peer.UserId <= 0 || peer.UserId == ProcessDescriptor.CurrentUser))
        {
            throw new BufferException(
                BufferError.AccessDenied,
                $"{Name}: {peer} could cut revocable buffers off itself, for it is {(peer.UserId == 0 ? "root" : peer.UserId < 0 ? "an unknown user" : "this user")}; "
                + $"set {nameof(BufferQueueOptions)}.{nameof(BufferQueueOptions.TrustImporters)} if it may.");
        }
    }

    private void RequireWithinImporter(SharedBuffer buffer, BufferPeer peer)
    {
        QuotaRefusal? refusal =
            peer.Claims.Count >= _options.BuffersOfImporter ? new QuotaRefusal(BufferQuota.ImporterBuffers, peer.Claims.Count, _options.BuffersOfImporter, 1)
            : buffer.Bytes > _options.BytesOfImporter - peer.ClaimedBytes ? new QuotaRefusal(BufferQuota.ImporterBytes, peer.ClaimedBytes, _options.BytesOfImporter, buffer.Bytes)
            : peer.Unread >= _options.ImporterUnread ? new QuotaRefusal(BufferQuota.ImporterUnread, peer.Unread, _options.ImporterUnread, 1)
            : null;
        if (refusal is { } exceeded)
        {
            throw Exceeded(exceeded);
        }
    }

    /// <returns>0, or the error number of the refused send.</returns>
    private int SendDescription(SharedBuffer buffer, BufferPeer peer, ref SharingMessage message, bool writable)
    {
        // Never a duplicate of ours: the lease would not see the importer.
        using FileDescriptor fresh = buffer.Memory.OpenFor(Name, writable, _faults);
        bool sent = !FileSteps.Fails(_faults, FaultPoint.Message)
            && MessageSocket.TrySend(peer.Socket, SharingMessage.BytesOf(ref message), fresh);
        return sent ? 0 : VirtualMemory.LastError;
    }
}
