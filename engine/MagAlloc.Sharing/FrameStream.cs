using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>
/// Frames on their way: queued, handed to importers, acknowledged, forfeited or skipped, and dequeued. Guarded by the
/// queue's lock.
/// </summary>
/// <remarks>
/// <para><b>One order.</b> A frame's number and time are those of its <see cref="Queue"/>. Who has the buffer then (or,
/// of a frame that was queued before, at <see cref="Start"/>) is promised the frame: it stands in that importer's
/// <see cref="BufferPeer.Line"/>, and each line is served from its head as long as the importer has room. So no
/// importer sees a number that is not above the one before, and one without room delays its own line only.</para>
/// <para><b>Frames without anybody</b> wait in <c>_unclaimed</c>, by number. An importer that gets such a buffer is
/// promised the frame if it is the newest of all; an older one goes back to the owner at once, as skipped. So does each
/// that waits when a newer frame goes out: it is too late for everybody. A frame whose importers are all gone before
/// one of them got it is such a frame again.</para>
/// <para><b>Who hangs.</b> An importer that has frames must acknowledge one in
/// <see cref="BufferQueueOptions.AcknowledgeTimeout"/>, or the caretaker disconnects it. The time runs from its last
/// acknowledgement, or from the first frame that it got when it had none.</para>
/// <para><b>No room.</b> A socket also holds what was sent of streams that were stopped since, and nobody counts that.
/// So one can be full for an importer that reads in its own time: the end of a stream is owed to it, its line waits
/// behind that, and the caretaker tries again until the same time has passed.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class FrameStream(BufferQueueOptions options, PeerTable peers, QueueBells bells)
{
    private readonly Queue<SharedBuffer> _done = new();
    private readonly List<SharedBuffer> _unclaimed = [];
    private bool _isEnded;
    private bool _error;
    private int _waiter;
    private long _sequence;
    private long _newestOut;
    private long _lastDequeue;

    public bool IsOn { get; private set; }

    /// <summary>
    /// A thread of the owner's waits for a frame to come back, and reads importers' messages meanwhile.
    /// </summary>
    public bool IsAwaited { get; private set; }

    /// <summary>How often it was stopped: who waits sees by it that his stream is no more.</summary>
    public long Number { get; private set; }

    public long HandOvers { get; private set; }

    public long Acknowledgements { get; private set; }

    public long StaleAcknowledgements { get; private set; }

    public long Skipped { get; private set; }

    /// <summary>Frames that are due to nobody yet, by number.</summary>
    internal IReadOnlyCollection<SharedBuffer> Unclaimed => _unclaimed;

    /// <summary>Frames that came back, in the order in which they did.</summary>
    internal IReadOnlyCollection<SharedBuffer> Done => _done;

    public void Start()
    {
        IsOn = true;
        _isEnded = false;
        SharedBuffer[] queued = [.. _unclaimed];
        _unclaimed.Clear();
        foreach (SharedBuffer buffer in queued)
        {
            Offer(buffer);
        }
    }

    /// <summary>All buffers are dequeued, whatever importers do with them.</summary>
    public void Stop(IEnumerable<SharedBuffer> live)
    {
        _error = false;
        _isEnded = false;
        bool was = IsOn;
        IsOn = false;
        Number++;
        _unclaimed.Clear();
        _done.Clear();
        foreach (BufferPeer peer in peers.All)
        {
            peer.Line.Clear();
        }

        foreach (SharedBuffer buffer in live)
        {
            Withdraw(buffer);
        }

        if (was)
        {
            foreach (BufferPeer peer in peers.All)
            {
                peer.OwedStop = _sequence;
                TryTellStop(peer);
            }
        }

        bells.RingOwner();
    }

    /// <summary>Nothing goes on until the stream is stopped.</summary>
    public void Abort()
    {
        _error = true;
        bells.RingOwner();
    }

    /// <summary>A dequeued buffer becomes a frame.</summary>
    /// <returns>Its number.</returns>
    public long Queue(SharedBuffer buffer, long bytesUsed, bool isLast)
    {
        BufferLedger.Queue(buffer, _sequence + 1, bytesUsed, isLast, Ticks.Now);
        _sequence++;
        if (IsOn)
        {
            Offer(buffer);
        }
        else
        {
            _unclaimed.Add(buffer);
        }

        return buffer.Sequence;
    }

    public void BeginWait()
    {
        IsAwaited = true;
        _waiter = Environment.CurrentManagedThreadId;
    }

    public void EndWait()
    {
        IsAwaited = false;
        _lastDequeue = Ticks.Now;
    }

    /// <summary>Nobody has waited for a frame for so long.</summary>
    public bool IsIdle(TimeSpan time) => !IsAwaited && Ticks.Now - _lastDequeue > Ticks.Of(time);

    /// <summary>Takes the frame that came back first.</summary>
    /// <param name="queue">Named in a refusal.</param>
    /// <param name="stream">The stream that is meant, by its <see cref="Number"/>.</param>
    /// <param name="completed">The frame.</param>
    /// <returns>False when none has.</returns>
    /// <exception cref="BufferException">There will be none.</exception>
    public bool TryTakeDone(string queue, long stream, out CompletedBuffer completed)
    {
        if (!IsOn || stream != Number)
        {
            throw new BufferException(BufferError.Invalid, $"{queue}: the stream is off.");
        }

        RequireNoError(queue);

        if (_isEnded)
        {
            // Whatever came back behind it.
            throw new BufferException(BufferError.Ended, $"{queue}: the last frame was dequeued; stop the stream, and start it anew.");
        }

        if (_done.TryDequeue(out SharedBuffer? buffer))
        {
            completed = BufferLedger.Dequeue(buffer);
            _isEnded = buffer.IsLast;
            return true;
        }

        completed = default;
        return false;
    }

    public void RequireNoError(string queue)
    {
        if (_error)
        {
            throw new BufferException(BufferError.QueueFailed, $"{queue}: the queue was aborted; stop the stream, or request buffers anew.");
        }
    }

    /// <summary>Takes a buffer out of the stream, wherever it is in it.</summary>
    public void Withdraw(SharedBuffer buffer)
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
        BufferLedger.Withdraw(buffer);
        foreach (Claim claim in buffer.Claims)
        {
            ExpectNothing(claim.Peer);
        }
    }

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

    private void Complete(SharedBuffer buffer, BufferState state)
    {
        BufferLedger.Complete(buffer, state);
        _done.Enqueue(buffer);
        if (IsAwaited && _waiter != Environment.CurrentManagedThreadId)
        {
            bells.RingOwner();
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
        Skipped++;
        Complete(buffer, BufferState.Done);
    }
}
