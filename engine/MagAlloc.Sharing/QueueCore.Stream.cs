using System.Diagnostics;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>The stream, as its owner sees it: started and stopped, buffers queued and dequeued.</content>
internal sealed partial class QueueCore
{
    private readonly PollSet _dequeuePoll = new();

    /// <summary><c>VIDIOC_STREAMON</c>. Again: nothing.</summary>
    public void StreamOn(BufferQueue handle)
    {
        QueueEvents.RequireNoListener();
        lock (_gate)
        {
            RequireOwner(handle);
            if (_stream.IsOn)
            {
                return;
            }

            int buffers = _ledger.Quotas.LiveBuffers;
            if (buffers == 0 || buffers < _options.MinQueued)
            {
                throw Invalid($"there are {buffers} buffers, and the stream needs at least {Math.Max(1, _options.MinQueued)}.");
            }

            _stream.Start();
        }

        DisconnectStuck();
    }

    /// <summary><c>VIDIOC_STREAMOFF</c>: all buffers are dequeued, whatever importers do with them.</summary>
    public void StreamOff(BufferQueue handle)
    {
        QueueEvents.RequireNoListener();
        lock (_gate)
        {
            RequireOwner(handle);
            _stream.Stop(_ledger.Live.All);
        }

        DisconnectStuck();
    }

    /// <summary><c>vb2_queue_error</c>: nothing goes on until the stream is off.</summary>
    public void Abort(BufferQueue handle)
    {
        lock (_gate)
        {
            RequireOpen(handle);
            _stream.Abort();
        }
    }

    /// <summary><c>VIDIOC_QBUF</c>.</summary>
    public long Queue(BufferQueue handle, int index, long bytesUsed, bool isLast)
    {
        QueueEvents.RequireNoListener();
        long sequence;
        lock (_gate)
        {
            RequireOwner(handle);
            _stream.RequireNoError(Name);
            SharedBuffer buffer = Require(index);
            if (buffer.State != BufferState.Dequeued)
            {
                throw Invalid($"buffer {index} is {buffer.State}; only a dequeued one can be queued.");
            }

            if (bytesUsed < -1 || bytesUsed > buffer.Bytes)
            {
                throw Invalid($"{bytesUsed} used bytes of buffer {index} are out of range: from 0 to {buffer.Bytes}, or -1 for all.");
            }

            sequence = _stream.Queue(buffer, bytesUsed < 0 ? buffer.Bytes : bytesUsed, isLast);
        }

        DisconnectStuck();
        return sequence;
    }

    /// <summary><c>VIDIOC_DQBUF</c>.</summary>
    /// <returns>False when no buffer came back in time.</returns>
    public bool TryDequeue(BufferQueue handle, TimeSpan timeout, out CompletedBuffer completed)
    {
        QueueEvents.RequireNoListener();
        long stream;
        lock (_gate)
        {
            RequireOwner(handle);
            stream = _stream.Number;
            if (_stream.TryTakeDone(Name, stream, out completed))
            {
                return true;
            }

            RequireNoWaiter();
            _stream.BeginWait();
        }

        try
        {
            return AwaitDone(stream, timeout, out completed);
        }
        finally
        {
            lock (_gate)
            {
                _stream.EndWait();
            }
        }
    }

    private bool AwaitDone(long stream, TimeSpan timeout, out CompletedBuffer completed)
    {
        long start = Ticks.Now;
        long spin = Ticks.Of(timeout < _options.Spin && timeout >= TimeSpan.Zero ? timeout : _options.Spin);
        while (true)
        {
            // The clock is read before the sockets: a process that stood still for the rest of its time looks once more.
            TimeSpan waited = Stopwatch.GetElapsedTime(start);
            bool any = PumpAll();
            lock (_gate)
            {
                if (_stream.TryTakeDone(Name, stream, out completed))
                {
                    return true;
                }
            }

            // Also if there was something: an importer that never stops talking would put the end off for ever.
            if (timeout != Timeout.InfiniteTimeSpan && waited >= timeout)
            {
                return false;
            }

            if (!any && Ticks.Now - start >= spin)
            {
                WaitForMessages(timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - waited);
            }
        }
    }

    private bool PumpAll()
    {
        bool any = false;
        foreach (BufferPeer peer in _peers.Now)
        {
            any |= Pump(peer);
        }

        return any;
    }

    private void WaitForMessages(TimeSpan timeout)
    {
        _dequeuePoll.Clear();
        int bell = _dequeuePoll.Add(_bells.Owner, forReading: true);
        foreach (BufferPeer peer in _peers.Now)
        {
            _dequeuePoll.Add(peer.Socket, forReading: true);
        }

        if (_dequeuePoll.Wait(Ticks.MillisecondsOf(timeout)) && _dequeuePoll[bell] != 0)
        {
            Doorbell.Silence(_bells.Owner);
        }
    }

    private void RequireStopped()
    {
        if (_stream.IsOn)
        {
            throw new BufferException(BufferError.Busy, $"{Name}: the stream is on; stop it first, or set {nameof(BufferQueueOptions)}.{nameof(BufferQueueOptions.ImplicitStop)}.");
        }
    }

    private void RequireNoWaiter()
    {
        if (_stream.IsAwaited)
        {
            throw new BufferException(BufferError.Busy, $"{Name}: another thread waits for a buffer to come back.");
        }
    }
}
