using System.Diagnostics;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>The stream, as its owner sees it: started and stopped, buffers queued and dequeued.</content>
internal sealed partial class QueueCore
{
    private readonly Queue<SharedBuffer> _done = new();
    private readonly PollSet _dequeuePoll = new();
    private bool _isStreaming;
    private bool _isEnded;
    private bool _error;
    private bool _isWaiting;
    private int _waiter;
    private long _sequence;
    private long _streams;
    private long _lastDequeue;

    /// <summary><c>VIDIOC_STREAMON</c>. Again: nothing.</summary>
    public void StreamOn(BufferQueue handle)
    {
        RequireNoListener();
        lock (_gate)
        {
            RequireOwner(handle);
            if (_isStreaming)
            {
                return;
            }

            if (_quotas.LiveBuffers == 0 || _quotas.LiveBuffers < _options.MinQueued)
            {
                throw Invalid($"there are {_quotas.LiveBuffers} buffers, and the stream needs at least {Math.Max(1, _options.MinQueued)}.");
            }

            _isStreaming = true;
            _isEnded = false;
            SharedBuffer[] queued = [.. _unclaimed];
            _unclaimed.Clear();
            foreach (SharedBuffer buffer in queued)
            {
                Offer(buffer);
            }
        }

        DisconnectStuck();
    }

    /// <summary><c>VIDIOC_STREAMOFF</c>: all buffers are dequeued, whatever importers do with them.</summary>
    public void StreamOff(BufferQueue handle)
    {
        RequireNoListener();
        lock (_gate)
        {
            RequireOwner(handle);
            StopStream();
        }

        DisconnectStuck();
    }

    /// <summary><c>vb2_queue_error</c>: nothing goes on until the stream is off.</summary>
    public void Abort(BufferQueue handle)
    {
        lock (_gate)
        {
            RequireOpen(handle);
            _error = true;
        }

        Doorbell.Ring(_dequeueBell);
    }

    /// <summary><c>VIDIOC_QBUF</c>.</summary>
    public long Queue(BufferQueue handle, int index, long bytesUsed, bool isLast)
    {
        RequireNoListener();
        long sequence;
        lock (_gate)
        {
            RequireOwner(handle);
            RequireNoError();
            SharedBuffer buffer = Require(index);
            if (buffer.State != BufferState.Dequeued)
            {
                throw Invalid($"buffer {index} is {buffer.State}; only a dequeued one can be queued.");
            }

            if (bytesUsed < -1 || bytesUsed > buffer.Bytes)
            {
                throw Invalid($"{bytesUsed} used bytes of buffer {index} are out of range: from 0 to {buffer.Bytes}, or -1 for all.");
            }

            buffer.State = BufferState.Queued;
            buffer.Sequence = sequence = ++_sequence;
            buffer.QueuedBytes = buffer.BytesUsed = bytesUsed < 0 ? buffer.Bytes : bytesUsed;
            buffer.IsLast = isLast;
            buffer.HasFailed = false;
            buffer.IsSkipped = false;
            buffer.QueuedAt = NowTicks();
            if (_isStreaming)
            {
                Offer(buffer);
            }
            else
            {
                _unclaimed.Add(buffer);
            }
        }

        DisconnectStuck();
        return sequence;
    }

    /// <summary><c>VIDIOC_DQBUF</c>.</summary>
    /// <returns>False when no buffer came back in time.</returns>
    public bool TryDequeue(BufferQueue handle, TimeSpan timeout, out CompletedBuffer completed)
    {
        RequireNoListener();
        long stream;
        lock (_gate)
        {
            RequireOwner(handle);
            stream = _streams;
            if (TryTakeDone(stream, out completed))
            {
                return true;
            }

            RequireNoWaiter();
            _isWaiting = true;
            _waiter = Environment.CurrentManagedThreadId;
        }

        try
        {
            return AwaitDone(stream, timeout, out completed);
        }
        finally
        {
            lock (_gate)
            {
                _isWaiting = false;
                _lastDequeue = NowTicks();
            }
        }
    }

    private bool AwaitDone(long stream, TimeSpan timeout, out CompletedBuffer completed)
    {
        long start = Stopwatch.GetTimestamp();
        long spin = TicksOf(timeout < _options.Spin && timeout >= TimeSpan.Zero ? timeout : _options.Spin);
        while (true)
        {
            bool any = PumpAll();
            lock (_gate)
            {
                if (TryTakeDone(stream, out completed))
                {
                    return true;
                }
            }

            // Also if there was something: an importer that never stops talking would put the end off for ever.
            TimeSpan waited = Stopwatch.GetElapsedTime(start);
            if (timeout != Timeout.InfiniteTimeSpan && waited >= timeout)
            {
                return false;
            }

            if (!any && Stopwatch.GetTimestamp() - start >= spin)
            {
                WaitForMessages(timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - waited);
            }
        }
    }

    private bool PumpAll()
    {
        bool any = false;
        foreach (BufferPeer peer in Atomic.Load(ref _peersNow)!)
        {
            any |= Pump(peer);
        }

        return any;
    }

    private void WaitForMessages(TimeSpan timeout)
    {
        _dequeuePoll.Clear();
        int bell = _dequeuePoll.Add(_dequeueBell, forReading: true);
        foreach (BufferPeer peer in Atomic.Load(ref _peersNow)!)
        {
            _dequeuePoll.Add(peer.Socket, forReading: true);
        }

        if (_dequeuePoll.Wait(MillisecondsOf(timeout)) && _dequeuePoll[bell] != 0)
        {
            Doorbell.Silence(_dequeueBell);
        }
    }

    /// <exception cref="BufferException">There will be none.</exception>
    private bool TryTakeDone(long stream, out CompletedBuffer completed)
    {
        if (!_isStreaming || stream != _streams)
        {
            throw Invalid("the stream is off.");
        }

        RequireNoError();

        if (_isEnded)
        {
            // Whatever came back behind it.
            throw new BufferException(BufferError.Ended, $"{Name}: the last frame was dequeued; stop the stream, and start it anew.");
        }

        if (_done.TryDequeue(out SharedBuffer? buffer))
        {
            completed = new CompletedBuffer(buffer.Index, buffer.Sequence, buffer.BytesUsed, buffer.State == BufferState.Error, buffer.IsLast, buffer.IsSkipped);
            buffer.State = BufferState.Dequeued;
            _isEnded = buffer.IsLast;
            return true;
        }

        completed = default;
        return false;
    }

    private void StopStream()
    {
        _error = false;
        _isEnded = false;
        bool was = _isStreaming;
        _isStreaming = false;
        _streams++;
        _unclaimed.Clear();
        _done.Clear();
        foreach (BufferPeer peer in _peers)
        {
            peer.Line.Clear();
        }

        foreach (SharedBuffer buffer in _live.All)
        {
            Withdraw(buffer);
        }

        if (was)
        {
            foreach (BufferPeer peer in _peers)
            {
                peer.OwedStop = _sequence;
                TryTellStop(peer);
            }
        }

        Doorbell.Ring(_dequeueBell);
    }

    private void RequireStopped()
    {
        if (_isStreaming)
        {
            throw new BufferException(BufferError.Busy, $"{Name}: the stream is on; stop it first, or set {nameof(BufferQueueOptions)}.{nameof(BufferQueueOptions.ImplicitStop)}.");
        }
    }

    private void RequireNoWaiter()
    {
        if (_isWaiting)
        {
            throw new BufferException(BufferError.Busy, $"{Name}: another thread waits for a buffer to come back.");
        }
    }

    private void RequireNoError()
    {
        if (_error)
        {
            throw new BufferException(BufferError.QueueFailed, $"{Name}: the queue was aborted; stop the stream, or request buffers anew.");
        }
    }
}
