using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>
/// Where each buffer of a queue is, and the only methods that move one. Guarded by the queue's lock; asks and tells
/// nobody.
/// </summary>
/// <remarks>
/// <para><b>Life.</b> Live → Orphaned → Closing → Reclaimed is the way of a buffer that nobody holds when it is
/// released, or lets go of later; Orphaned → Revoking → Revoked → Closing that of one whose pages are dropped. Who
/// begins to revoke or to close a buffer owns it until he ends that: so pages are dropped and files closed by exactly
/// one thread, outside of the lock. What the system refuses goes back to where it was (<see cref="PutBack"/>). Pages
/// that a holder brought back are dropped by revoking it again.</para>
/// <para><b>Frame.</b> A live buffer is Dequeued → Queued → Active → Done or Error → Dequeued; Queued → Done if it was
/// skipped; and Dequeued from anywhere when it is withdrawn. It is Active from the first importer that gets it to the
/// last that acknowledges.</para>
/// <para><b>Counts.</b> A claim is in its buffer's list and in its importer's table, or in neither. A buffer's
/// <see cref="SharedBuffer.Pending"/> is the number of its claims that are pending; an importer's
/// <see cref="BufferPeer.Frames"/> that of its claims that are pending and not in its line. A buffer is in the table of
/// live ones or in the list of released ones, and counts in the quotas as that.</para>
/// <para>A move that none of this allows is a mistake of the engine's, and throws before anything has changed.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class BufferLedger(BufferQueueOptions options)
{
    private readonly IndexTable _live = new(options.MaxBuffers);
    private readonly SlotTable _slots = new(options.MaxBuffers + options.MaxReleased);
    private readonly QuotaBook _quotas = new(options);
    private readonly List<SharedBuffer> _released = [];
    private long _unmadeBytes;

    public QuotaBook Quotas => _quotas;

    public IndexTable Live => _live;

    /// <summary>Those that are neither live nor reclaimed, in the order in which they were released.</summary>
    public IReadOnlyList<SharedBuffer> Released => _released;

    public int Slots => _slots.Count;

    /// <summary>Bytes of live buffers that there are; those that are about to be made are in the quotas only.</summary>
    public long MadeBytes => _quotas.LiveBytes - _unmadeBytes;

    /// <summary>Bytes of all buffers that there ever were.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>The queue has ended: nobody sees to released buffers any more.</summary>
    public bool IsAbandoned { get; private set; }

    public long Orphans { get; private set; }

    public long Revocations { get; private set; }

    public long Reinflations { get; private set; }

    public long Reclaims { get; private set; }

    public long LongestReclaim { get; private set; }

    /// <summary>Takes indices and quota for buffers that are about to be made.</summary>
    public BufferRange Reserve(int wanted, long bytes)
    {
        BufferRange range = _live.Take(wanted);
        _quotas.Add(range.Count, bytes);
        _unmadeBytes += range.Count * bytes;
        return range;
    }

    /// <summary>Gives back what was reserved for buffers that were not made.</summary>
    public void Forgo(BufferRange range, int made, long bytes)
    {
        for (int i = range.First + made; i < range.First + range.Count; i++)
        {
            _live.Free(i);
        }

        _quotas.Remove(range.Count - made, bytes);
        _unmadeBytes -= (range.Count - made) * bytes;
    }

    /// <summary>A buffer is made: it gets a slot, with the number of its life.</summary>
    public void Admit(SharedBuffer buffer, int index)
    {
        buffer.Slot = _slots.Take(out uint generation);
        buffer.Generation = generation;
        _live.Put(buffer, index);
        TotalBytes += buffer.Bytes;
        _unmadeBytes -= buffer.Bytes;
    }

    public static void Pin(SharedBuffer buffer) => buffer.Pins++;

    /// <returns>Whether it was the last pin of a released buffer.</returns>
    public static bool Unpin(SharedBuffer buffer) => --buffer.Pins == 0 && buffer.Phase != BufferPhase.Live;

    /// <summary>Takes a live buffer's index away.</summary>
    public void Release(SharedBuffer buffer, long now)
    {
        Move(buffer, buffer is { Phase: BufferPhase.Live, State: BufferState.Dequeued, Pending: 0 }, BufferPhase.Orphaned);
        _live.Free(buffer.Index);
        buffer.ReleasedAt = now;
        _quotas.Orphan(buffer.Bytes);
        _released.Add(buffer);
    }

    /// <summary>Somebody holds what was released.</summary>
    /// <returns>False when that was noted before.</returns>
    public bool NoteOrphan(SharedBuffer buffer)
    {
        if (buffer.WasOrphan)
        {
            return false;
        }

        buffer.WasOrphan = true;
        Orphans++;
        return true;
    }

    /// <summary>Its pages are the caller's to drop: an orphan's, or those that came back of a revoked one.</summary>
    public static void BeginRevoking(SharedBuffer buffer)
    {
        bool isHeldHere = buffer.Pins != 0 || !buffer.IsRevocable;
        Move(buffer, buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked && !isHeldHere, BufferPhase.Revoking);
    }

    /// <summary>They are gone.</summary>
    /// <returns>Whether these were its first: else they had come back.</returns>
    public bool EndRevoking(SharedBuffer buffer)
    {
        Move(buffer, buffer.Phase == BufferPhase.Revoking, BufferPhase.Revoked);
        if (!buffer.HasPages)
        {
            Reinflations++;
            return false;
        }

        buffer.HasPages = false;
        _quotas.Revoke(buffer.Bytes);
        Revocations++;
        return true;
    }

    /// <summary>Nobody holds it: it is the caller's to close, once its claims are dropped.</summary>
    public static void BeginClosing(SharedBuffer buffer)
    {
        bool isHeldHere = buffer.Pins != 0 || buffer.DmaBufs.Count != 0;
        Move(buffer, buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked && !isHeldHere, BufferPhase.Closing);
    }

    /// <summary>It is closed.</summary>
    /// <returns>Time since its release.</returns>
    public long EndClosing(SharedBuffer buffer, long now)
    {
        Move(buffer, buffer.Phase == BufferPhase.Closing && buffer.Claims.Count == 0, BufferPhase.Reclaimed);
        _quotas.Reclaim(buffer.Bytes, wasRevoked: !buffer.HasPages);
        _released.Remove(buffer);
        _slots.Free(buffer.Slot);
        long since = now - buffer.ReleasedAt;
        if (buffer.WasOrphan)
        {
            Reclaims++;
            LongestReclaim = Math.Max(LongestReclaim, since);
        }

        return since;
    }

    /// <summary>The system refused to drop its pages: it is where it was, for as long at least.</summary>
    public static void PutBack(SharedBuffer buffer, long retryAt)
    {
        Move(buffer, buffer.Phase is BufferPhase.Revoking or BufferPhase.Closing, buffer.HasPages ? BufferPhase.Orphaned : BufferPhase.Revoked);
        buffer.RetryAt = retryAt;
    }

    /// <summary>Nobody sees to released buffers from now on.</summary>
    /// <param name="left">Those that nobody uses here: to be closed.</param>
    /// <returns>False while another thread is at one of them.</returns>
    public bool TryAbandon(out List<SharedBuffer> left)
    {
        left = [.. _released.Where(buffer => buffer.Pins == 0)];
        IsAbandoned = _released.TrueForAll(buffer => buffer.Phase is not (BufferPhase.Revoking or BufferPhase.Closing));
        if (IsAbandoned)
        {
            _released.Clear();
        }

        return IsAbandoned;
    }

    /// <summary>An importer is given a buffer.</summary>
    public static Claim Grant(SharedBuffer buffer, BufferPeer peer, bool writable)
    {
        Require(buffer.Phase == BufferPhase.Live && !peer.IsGone, buffer, "be given to an importer");
        var claim = new Claim(buffer, peer) { IsWritable = writable };
        peer.Claims.Add(buffer.Slot, claim);
        buffer.Claims.Add(claim);
        buffer.WasExported = true;
        peer.ClaimedBytes += buffer.Bytes;
        peer.Unread++;
        return claim;
    }

    /// <summary>An importer has taken the export out of its socket.</summary>
    public static void MarkRead(Claim claim)
    {
        claim.Peer.Unread -= claim.IsUnread ? 1 : 0;
        claim.IsUnread = false;
    }

    /// <summary>A claim is no more. Its frame is to be settled, if it has one.</summary>
    public static void Drop(Claim claim)
    {
        MarkRead(claim);
        claim.Buffer.Claims.Remove(claim);
        if (claim.Peer.Claims.Remove(claim.Buffer.Slot))
        {
            claim.Peer.ClaimedBytes -= claim.Buffer.Bytes;
        }
    }

    /// <summary>The owner queues a buffer: it is a frame from now on.</summary>
    public static void Queue(SharedBuffer buffer, long sequence, long bytesUsed, bool isLast, long now)
    {
        Move(buffer, buffer.State == BufferState.Dequeued, BufferState.Queued);
        buffer.Sequence = sequence;
        buffer.QueuedBytes = buffer.BytesUsed = bytesUsed;
        buffer.IsLast = isLast;
        buffer.HasFailed = false;
        buffer.IsSkipped = false;
        buffer.QueuedAt = now;
    }

    /// <summary>An importer is promised the frame.</summary>
    public static void Promise(Claim claim)
    {
        Require(claim.Pending == 0 && claim.Buffer.State is BufferState.Queued or BufferState.Active, claim.Buffer, "be promised");
        claim.Pending = claim.Buffer.Sequence;
        claim.IsInLine = true;
        claim.Buffer.Pending++;
    }

    /// <summary>It has got the frame.</summary>
    public static void HandOver(Claim claim)
    {
        Move(claim.Buffer, claim.IsInLine, BufferState.Active);
        claim.IsInLine = false;
        claim.Peer.Frames++;
    }

    /// <summary>One importer less has the frame, or waits for it.</summary>
    /// <returns>Whether it was the last one.</returns>
    public static bool Settle(Claim claim)
    {
        Require(claim.Pending != 0, claim.Buffer, "be settled twice");
        TakeFrom(claim);
        return --claim.Buffer.Pending == 0;
    }

    /// <summary>The frame goes back to its owner.</summary>
    public static void Complete(SharedBuffer buffer, BufferState state)
    {
        Move(buffer, buffer.State is BufferState.Queued or BufferState.Active && buffer.Pending == 0, state);
    }

    /// <summary>The owner takes it.</summary>
    public static CompletedBuffer Dequeue(SharedBuffer buffer)
    {
        var completed = new CompletedBuffer(buffer.Index, buffer.Sequence, buffer.BytesUsed, buffer.State == BufferState.Error, buffer.IsLast, buffer.IsSkipped);
        Move(buffer, buffer.State is BufferState.Done or BufferState.Error, BufferState.Dequeued);
        return completed;
    }

    /// <summary>It is no frame any more, whatever importers do with it.</summary>
    public static void Withdraw(SharedBuffer buffer)
    {
        buffer.State = BufferState.Dequeued;
        buffer.Pending = 0;
        foreach (Claim claim in buffer.Claims)
        {
            TakeFrom(claim);
        }
    }

    /// <summary>An importer has its frame no more, nor is it promised one.</summary>
    private static void TakeFrom(Claim claim)
    {
        if (claim.IsInLine)
        {
            claim.Peer.LeaveLine(claim);
        }
        else if (claim.Pending != 0)
        {
            claim.Peer.Frames--;
        }

        claim.Pending = 0;
        claim.IsInLine = false;
    }

    private static void Move(SharedBuffer buffer, bool isAllowed, BufferPhase to)
    {
        Require(isAllowed, buffer, to);
        buffer.Phase = to;
    }

    private static void Move(SharedBuffer buffer, bool isAllowed, BufferState to)
    {
        Require(isAllowed && buffer.Phase == BufferPhase.Live, buffer, to);
        buffer.State = to;
    }

    private static void Require<TMove>(bool isAllowed, SharedBuffer buffer, TMove move)
    {
        if (!isAllowed)
        {
            throw new InvalidOperationException($"Buffer {buffer.Index} is {buffer.Phase} and {buffer.State}: not now {move}.");
        }
    }
}
