using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>What importers say of the buffers they claim, and what the kernel says to that.</content>
internal sealed partial class QueueCore
{
    // Much longer than it takes an importer from closing a buffer to saying so.
    private static readonly TimeSpan s_doubt = TimeSpan.FromMilliseconds(100);

    private readonly List<Claim> _suspects = [];
    private readonly List<Claim> _disputed = [];
    private long _falseReleases;
    private long _misuses;

    /// <returns>False when no importer may send this.</returns>
    private bool TryApply(BufferPeer peer, int length, in SharingMessage message)
    {
        lock (_gate)
        {
            if (peer.IsGone)
            {
                return true;
            }

            bool isValid = length == SharingMessage.Bytes && (uint)message.Slot < (uint)_slots.Count
                && --peer.MessagesLeft >= 0 && TryApply(peer, in message);
            _misuses += isValid ? 0 : 1;
            return isValid;
        }
    }

    private bool TryApply(BufferPeer peer, in SharingMessage message)
    {
        bool isKnown = peer.Claims.TryGetValue(message.Slot, out Claim? claim) && claim.Buffer.Generation == message.Generation;
        if (message.Kind == MessageKind.Acknowledged)
        {
            return TryAcknowledge(isKnown ? claim : null, in message);
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
                MarkRead(claim!);
                ExpectHeld(claim!);
                break;
            case MessageKind.Refused:
                Drop(claim!);
                break;
            default:
                LetGo(claim!);
                break;
        }

        return true;
    }

    /// <summary>
    /// An importer has a buffer, so the lease must be refused. If it is not, the importer has let go meanwhile and is about to say so, or is dead; or what went out
    /// was our own description, to which the lease is blind. The caretaker looks again.
    /// </summary>
    private void ExpectHeld(Claim claim)
    {
        if (!claim.Buffer.IsUntracked && Ask(claim.Buffer) == LeaseAnswer.Free)
        {
            claim.SuspectedAt = NowTicks();
            _suspects.Add(claim);
            Doorbell.Ring(_careBell);
        }
    }

    /// <summary>
    /// Whoever still claims, and lives, and is not seen, cannot be seen, or keeps silent: from now on a claim of that buffer counts although the kernel sees
    /// nobody. What the kernel does see counts as before, or two importers could have it believed that nobody holds what one of them does.
    /// </summary>
    private void LookAtSuspects()
    {
        long now = NowTicks();
        for (int i = _suspects.Count - 1; i >= 0; i--)
        {
            Claim claim = _suspects[i];
            bool isClaimed = claim.Buffer.Claims.Contains(claim) && !claim.Peer.IsGone;
            if (isClaimed && now - claim.SuspectedAt < TicksOf(s_doubt))
            {
                continue;
            }

            _suspects.RemoveAt(i);
            if (isClaimed && !claim.Buffer.IsUntracked && Ask(claim.Buffer) == LeaseAnswer.Free)
            {
                claim.Buffer.IsUntracked = true;
                _untrackedExports++;
            }
        }
    }

    private void LetGo(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;

        // With other claimants, or one that has left, the kernel cannot say whose hold it is.
        if (buffer.Claims.Count == 1 && Ask(buffer) == LeaseAnswer.Held && !buffer.HasStrays)
        {
            if (!claim.IsDisputed)
            {
                _falseReleases++;
                claim.IsDisputed = true;
                _disputed.Add(claim);
                Forfeit(claim);
                Doorbell.Ring(_careBell);
            }

            return;
        }

        Drop(claim);
        LookAgain(buffer);
    }

    /// <summary>A claim that was given up in words ends when the kernel says that nobody holds the buffer.</summary>
    private void LookAtDisputed()
    {
        for (int i = _disputed.Count - 1; i >= 0; i--)
        {
            Claim claim = _disputed[i];
            if (!claim.Buffer.Claims.Contains(claim))
            {
                _disputed.RemoveAt(i);
            }
            else if (!IsHeld(claim.Buffer))
            {
                _disputed.RemoveAt(i);
                Drop(claim);
                LookAgain(claim.Buffer);
            }
        }
    }

    /// <summary>A claim is no more: the frame that it stood for comes back as an error.</summary>
    private void Drop(Claim claim)
    {
        MarkRead(claim);
        claim.Buffer.Claims.Remove(claim);
        if (claim.Peer.Claims.Remove(claim.Buffer.Slot))
        {
            claim.Peer.ClaimedBytes -= claim.Buffer.Bytes;
        }

        Forfeit(claim);
    }

    private static void MarkRead(Claim claim)
    {
        claim.Peer.Unread -= claim.IsUnread ? 1 : 0;
        claim.IsUnread = false;
    }

    /// <summary>Has the caretaker look whether a released buffer is still held.</summary>
    private void LookAgain(SharedBuffer buffer)
    {
        if (buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked)
        {
            _probe = true;
            Doorbell.Ring(_careBell);
        }
    }
}
