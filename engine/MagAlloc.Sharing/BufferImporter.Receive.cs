using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>What the owner sends.</content>
public sealed partial class BufferImporter
{
    // An owner that sends faster than it is read must not put the end of a wait off.
    private const int MostAtOnce = 1024;

    private static readonly TimeSpan s_coarse = TimeSpan.FromMilliseconds(100);

    private readonly Lock _receiving = new();
    private TimeSpan _receiveTimeout = Timeout.InfiniteTimeSpan;
    private readonly PollSet _poll = new();
    private readonly Queue<SharingMessage> _frames = new();
    private readonly Queue<BufferImport> _arrived = new();

    // The owner has released or revoked something, and not all that it concerns has been let go of.
    private bool _mayLetGo;

    /// <summary>Receives the next frame. It is this importer's until it acknowledges.</summary>
    /// <param name="frame">The frame. Those of buffers that were revoked, or let go, meanwhile are left out.</param>
    /// <param name="timeout">How long to wait; default: not at all.</param>
    /// <returns>False when none came in time, or the owner is gone (<see cref="IsConnected"/> tells).</returns>
    /// <exception cref="BufferException">
    /// What the owner sent cannot be imported (<see cref="BufferError.BadDescriptor"/>, <see cref="BufferError.Invalid"/>, or the system's refusal): the
    /// owner has been told, and receiving can go on. <see cref="BufferError.Busy"/>: another thread receives.
    /// </exception>
    public bool TryReceive(out BufferFrame frame, TimeSpan timeout = default) => Receive(wantsFrame: true, timeout, out frame, out _);

    /// <summary>Waits for a buffer that was exported to this importer and that this method has not returned yet.</summary>
    /// <param name="import">The buffer, mapped. From now on it is the caller's to dispose, also when the owner has released it.</param>
    /// <param name="timeout">How long to wait; default: not at all.</param>
    /// <returns>False when none came in time, or the owner is gone.</returns>
    /// <exception cref="BufferException">As <see cref="TryReceive"/>.</exception>
    public bool TryImport([NotNullWhen(true)] out BufferImport? import, TimeSpan timeout = default)
    {
        bool received = Receive(wantsFrame: false, timeout, out _, out BufferImport? arrived);
        import = arrived;
        return received;
    }

    private bool Receive(bool wantsFrame, TimeSpan timeout, out BufferFrame frame, out BufferImport? import)
    {
        if (!_receiving.TryEnter())
        {
            throw new BufferException(BufferError.Busy, $"{Name}: another thread receives.");
        }

        try
        {
            return Await(wantsFrame, timeout, out frame, out import);
        }
        catch (ObjectDisposedException)
        {
            // Disposed of on another thread.
            frame = default;
            import = null;
            return false;
        }
        finally
        {
            _receiving.Exit();
        }
    }

    private bool Await(bool wantsFrame, TimeSpan timeout, out BufferFrame frame, out BufferImport? import)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan spin = timeout < _options.Spin && timeout >= TimeSpan.Zero ? timeout : _options.Spin;
        bool mustWait = false;
        int read = 0;
        frame = default;
        import = null;
        while (true)
        {
            // The clock is read before the socket: a process that stood still for the rest of its time looks once more,
            // for what came meanwhile. The first look is one at the socket, and not at the clock.
            TimeSpan waited = mustWait ? Stopwatch.GetElapsedTime(start) : TimeSpan.Zero;
            bool isOver = timeout == TimeSpan.Zero || (mustWait && timeout != Timeout.InfiniteTimeSpan && waited >= timeout);
            LetGoOfReleased();
            if (wantsFrame ? TryTakeFrame(out frame) : TryTakeImport(out import))
            {
                return true;
            }

            if (Atomic.Load(ref _isGone) != 0)
            {
                return false;
            }

            bool sleeps = !isOver && waited >= spin;
            bool any = TryPump(sleeps ? (timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - waited) : TimeSpan.Zero);
            bool isEnough = ++read % MostAtOnce == 0;
            if (isOver && (!any || isEnough))
            {
                return false;
            }

            mustWait |= !any || isEnough;
        }
    }

    private bool TryTakeFrame(out BufferFrame frame)
    {
        while (_frames.TryDequeue(out SharingMessage message))
        {
            if (Find(message.Slot, message.Generation) is { IsRevoked: false } import)
            {
                frame = new BufferFrame
                {
                    Buffer = import,
                    Sequence = message.Sequence,
                    BytesUsed = message.Length,
                    IsLast = (message.Flags & SharingMessage.Last) != 0,
                    Timestamp = message.Timestamp,
                };
                import.AddFrame(message.Sequence);
                return true;
            }
        }

        frame = default;
        return false;
    }

    /// <param name="wait">How long to wait for a message; zero: not at all.</param>
    /// <returns>False when none came.</returns>
    private bool TryPump(TimeSpan wait)
    {
        bool sleeps = wait != TimeSpan.Zero && PrepareToSleep(wait);
        SharingMessage message = default;
        int got = MessageSocket.Receive(_socket, SharingMessage.BytesOf(ref message), out FileDescriptor? attached, sleeps);
        if (got < 0 && VirtualMemory.LastError is LinuxError.TryAgain or LinuxError.Interrupted)
        {
            return false;
        }

        if (got < 0 && VirtualMemory.LastError == LinuxError.ConnectionReset)
        {
            // Said once, before what the owner had sent: it ended without reading all that it was told.
            Atomic.Store(ref _isUnheard, 1);
            return true;
        }

        if (got != SharingMessage.Bytes || (uint)message.Slot >= (uint)_view.Slots)
        {
            // The end, or no owner of ours.
            attached?.Dispose();
            Atomic.Store(ref _isGone, 1);
            return true;
        }

        if (message.Kind == MessageKind.Export)
        {
            // Now and then, so that a notice that found no room in the socket is made up for.
            _mayLetGo = true;
            Import(in message, attached);
            return true;
        }

        attached?.Dispose();
        switch (message.Kind)
        {
            case MessageKind.Frame when message.Length >= 0 && message.Length <= (Find(message.Slot, message.Generation)?.Length ?? -1):
                KeepFrame(in message);
                break;
            case MessageKind.Revoked:
                Find(message.Slot, message.Generation)?.MarkRevoked();
                _mayLetGo = true;
                break;
            case MessageKind.Stopped:
                DropFrames(message.Sequence);
                _mayLetGo = true;
                break;
            case MessageKind.Released:
                _mayLetGo = true;
                break;
        }

        return true;
    }

    /// <summary>
    /// A receive that waits is one system call less than a wait and a receive, but keeps time by a coarse clock, and a new time is a call as well. So long waits are
    /// cut to a multiple of a tenth of a second, mostly the one before; what is left of them, and short ones, are waited for by <c>poll</c>.
    /// </summary>
    /// <returns>Whether the receive shall wait.</returns>
    private bool PrepareToSleep(TimeSpan wait)
    {
        TimeSpan coarse = wait == Timeout.InfiniteTimeSpan ? wait : new TimeSpan(wait.Ticks / s_coarse.Ticks * s_coarse.Ticks);
        if (coarse != TimeSpan.Zero && (coarse == _receiveTimeout || MessageSocket.SetReceiveTimeout(_socket, coarse)))
        {
            _receiveTimeout = coarse;
            return true;
        }

        _poll.Clear();
        _poll.Add(_socket, forReading: true);
        _poll.Wait(Ticks.MillisecondsOf(wait));
        return false;
    }

    private void KeepFrame(in SharingMessage frame)
    {
        if (_frames.Count >= _view.Slots)
        {
            KeepFramesIf(message => Find(message.Slot, message.Generation) is { IsRevoked: false });
        }

        if (_frames.Count < _view.Slots)
        {
            _frames.Enqueue(frame);
        }
        else
        {
            // A buffer is handed over again when it is back: there are no more frames than buffers. This is no owner of ours.
            Disconnect();
        }
    }

    /// <summary>So that a program that only receives and acknowledges does not keep what its owner has given up.</summary>
    private void LetGoOfReleased()
    {
        if (!_mayLetGo || _options.KeepReleased)
        {
            return;
        }

        _mayLetGo = false;
        foreach (BufferImport import in Imports)
        {
            _mayLetGo |= (import.IsRevoked || import.IsReleased) && !import.TryLetGo();
        }
    }

    private void DropFrames(long upTo) => KeepFramesIf(frame => frame.Sequence > upTo);

    private void KeepFramesIf(Func<SharingMessage, bool> isGood)
    {
        for (int i = _frames.Count; i > 0; i--)
        {
            SharingMessage message = _frames.Dequeue();
            if (isGood(message))
            {
                _frames.Enqueue(message);
            }
        }
    }

    private BufferImport? Find(int slot, uint generation)
    {
        lock (_gate)
        {
            return _imports.TryGetValue(slot, out BufferImport? import) && import.Generation == generation ? import : null;
        }
    }

    private void Import(in SharingMessage export, FileDescriptor? file)
    {
        try
        {
            RequireFree(in export);
            BufferImport import = Map(in export, file);
            lock (_gate)
            {
                if (Atomic.Load(ref _isDisposed) != 0)
                {
                    // Nobody would end it any more.
                    import.TryEnd(out _);
                    throw new ObjectDisposedException(Name);
                }

                // One that is being disposed of may be there still: its memory is gone, and so the owner may use the place again.
                _imports[export.Slot] = import;
            }

            Arrived(import);
        }
        catch (BufferException e)
        {
            file?.Dispose();
            Tell(new SharingMessage { Kind = MessageKind.Refused, Slot = export.Slot, Generation = export.Generation, Index = (int)e.Error });
            throw;
        }

        Tell(new SharingMessage { Kind = MessageKind.Imported, Slot = export.Slot, Generation = export.Generation, Index = export.Index });
    }

    /// <summary>An owner uses a place again when nobody holds its buffer any more. Else there would be no end of what it can have mapped here.</summary>
    private void RequireFree(in SharingMessage export)
    {
        lock (_gate)
        {
            if (_imports.TryGetValue(export.Slot, out BufferImport? present) && !present.IsDisposed)
            {
                throw new BufferException(BufferError.Invalid, $"{Name}: the owner exported buffer {export.Index} at the place of one that is held here.");
            }
        }
    }

    /// <summary>Keeps an import for <see cref="TryImport"/>; not for ever, if nobody calls that.</summary>
    private void Arrived(BufferImport import)
    {
        if (_arrived.Count >= _view.Slots)
        {
            BufferImport[] present = [.. _arrived.Where(one => !one.IsDisposed)];
            _arrived.Clear();
            foreach (BufferImport one in present)
            {
                _arrived.Enqueue(one);
            }
        }

        _arrived.Enqueue(import);
    }

    private bool TryTakeImport(out BufferImport? import)
    {
        while (_arrived.TryDequeue(out import))
        {
            import.GiveToCaller();
            if (!import.IsDisposed)
            {
                return true;
            }
        }

        return false;
    }
}
