using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>Importers: how they come, are heard, and go.</content>
internal sealed partial class QueueCore
{
    // A message of 48 bytes takes some 700 of the kernel's memory.
    private const int BytesOfWaitingMessage = 1024;
    private const int MostSendBuffer = 4 << 20;
    private const int LeastFrameRoom = 16;

    private readonly List<BufferPeer> _peers = [];

    // The same for readers without the lock; replaced, never changed.
    private BufferPeer[]? _peersNow = [];
    private bool _hasStuck;
    private long _silent;

    /// <summary>Exports that are not read yet, revocations, ends of streams.</summary>
    private int OtherMessages => _options.ImporterUnread + 64;

    /// <summary>Makes a connected socket an importer: it must introduce itself.</summary>
    /// <param name="handle">Any handle.</param>
    /// <param name="socket">Becomes the queue's, also when this fails.</param>
    /// <param name="timeout">For its first message.</param>
    /// <returns>Null when it is none, or gone again.</returns>
    public BufferPeer? Connect(BufferQueue handle, FileDescriptor socket, TimeSpan timeout)
    {
        FileDescriptor? process = null;
        try
        {
            lock (_gate)
            {
                RequireOpen(handle);
            }

            if (FileSteps.Fails(_faults, FaultPoint.PeerProcess) || !MessageSocket.TryGetPeer(socket, out int number, out uint user))
            {
                throw BufferException.LastRefused(Name, "SO_PEERCRED");
            }

            process = FileSteps.Fails(_faults, FaultPoint.PeerProcess) ? null : OpenProcessOf(socket, number);
            MessageSocket.SetSendBuffer(
                socket, (int)Math.Min(MostSendBuffer, ((2L * _options.MaxBuffers) + OtherMessages) * BytesOfWaitingMessage));
            if (!TryReceiveHello(socket, timeout, out SharingMessage hello) || !TrySendWelcome(socket))
            {
                socket.Dispose();
                process?.Dispose();
                return null;
            }

            var peer = new BufferPeer(this, socket, process, number, user, (hello.Flags & SharingMessage.AcceptsRevocable) != 0)
            {
                // As many again may be of a stream that was stopped, and not read yet.
                FrameRoom = Math.Max(LeastFrameRoom, ((MessageSocket.SendBufferOf(socket) / BytesOfWaitingMessage) - OtherMessages) / 2),
            };
            lock (_gate)
            {
                RequireOpen(handle);
                StartCaretaker();
                _peers.Add(peer);
                Atomic.Exchange(ref _peersNow, [.. _peers]);
                TellPeer(peer, connected: true);
            }

            RingBells();
            return peer;
        }
        catch
        {
            socket.Dispose();
            process?.Dispose();
            throw;
        }
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
        RequireNoListener();
        RemovePeer(peer, ImporterEnd.Disconnected);
    }

    public bool TryKill(BufferPeer peer)
    {
        lock (_gate)
        {
            return !peer.IsGone && peer.Process is not null && ProcessDescriptor.TryKill(peer.Process);
        }
    }

    /// <summary>By its number only where the kernel does not know better: that may be another process's by then.</summary>
    private static FileDescriptor? OpenProcessOf(FileDescriptor socket, int number)
        => MessageSocket.OpenPeer(socket) ?? (VirtualMemory.LastError == LinuxError.NoSuchOption ? ProcessDescriptor.Open(number) : null);

    /// <returns>False when who connected has left, says nothing in time, or something that no importer says first.</returns>
    private bool TryReceiveHello(FileDescriptor socket, TimeSpan timeout, out SharingMessage hello)
    {
        var set = new PollSet();
        set.Add(socket, forReading: true);
        hello = default;
        if (!set.Wait(MillisecondsOf(timeout)))
        {
            return false;
        }

        int got = MessageSocket.Receive(socket, SharingMessage.BytesOf(ref hello));
        if (got == SharingMessage.Bytes && hello.Kind == MessageKind.Hello && hello.Length == (long)SharingMessage.Version)
        {
            return true;
        }

        lock (_gate)
        {
            _misuses += got > 0 ? 1 : 0;
        }

        return false;
    }

    /// <returns>False when who connected is gone.</returns>
    private bool TrySendWelcome(FileDescriptor socket)
    {
        SharingMessage welcome = new() { Kind = MessageKind.Welcome, Length = _control.Bytes };
        if (!FileSteps.Fails(_faults, FaultPoint.Message) && MessageSocket.TrySend(socket, SharingMessage.BytesOf(ref welcome), _control.Readable))
        {
            return true;
        }

        if (!IsPeersFault(VirtualMemory.LastError))
        {
            throw BufferException.LastRefused(Name, "sendmsg");
        }

        return false;
    }

    /// <summary>Reads all that an importer has sent.</summary>
    /// <param name="peer">The importer.</param>
    /// <param name="waits">For another thread that is at it, which is not long: there is a bound to what an importer may say. Else that one does it as well.</param>
    /// <returns>Whether there was anything.</returns>
    private bool Pump(BufferPeer peer, bool waits = false)
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
    private void RemovePeer(BufferPeer peer, ImporterEnd end)
    {
        using (Uninterrupted.Enter(_gate))
        {
            if (peer.IsGone)
            {
                return;
            }

            peer.End = end;
            peer.DueAt = long.MaxValue;
            peer.Line.Clear();
            _silent += end == ImporterEnd.Silent ? 1 : 0;
            _peers.Remove(peer);
            Atomic.Exchange(ref _peersNow, [.. _peers]);
            TellPeer(peer, connected: false);
            foreach (Claim claim in peer.Claims.Values.ToArray())
            {
                Drop(claim);
                claim.Buffer.HasStrays |= Ask(claim.Buffer) == LeaseAnswer.Held;
                LookAgain(claim.Buffer);
            }
        }

        MessageSocket.Shutdown(peer.Socket);
        peer.Socket.Dispose();
        peer.Process?.Dispose();
        RingBells();
    }

    private void MarkStuck(BufferPeer peer, int error)
    {
        peer.IsStuck = true;
        peer.StuckEnd = error is LinuxError.BrokenPipe or LinuxError.ConnectionReset ? ImporterEnd.Left : ImporterEnd.Unread;
        _hasStuck = true;
        Doorbell.Ring(_careBell);
    }

    /// <summary>Disconnects importers that were found stuck. The caller does not hold the lock.</summary>
    private void DisconnectStuck()
    {
        if (!_hasStuck)
        {
            return;
        }

        BufferPeer[] stuck;
        lock (_gate)
        {
            _hasStuck = false;
            stuck = [.. _peers.Where(peer => peer.IsStuck)];
        }

        foreach (BufferPeer peer in stuck)
        {
            // What it said last counts, also if it was found gone by what could not be sent to it.
            Pump(peer, waits: true);
            RemovePeer(peer, peer.StuckEnd);
        }
    }

    /// <summary>Sends a message to an importer.</summary>
    /// <returns>False when its socket is full, or gone.</returns>
    private bool TrySend(BufferPeer peer, ref SharingMessage message)
        => !peer.IsGone && !FileSteps.Fails(_faults, FaultPoint.Message) && MessageSocket.TrySend(peer.Socket, SharingMessage.BytesOf(ref message));

    private static bool IsPeersFault(int error) => error is LinuxError.BrokenPipe or LinuxError.ConnectionReset or LinuxError.TryAgain;

    internal static int MillisecondsOf(TimeSpan time)
        => time == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, int.MaxValue);

    private void RingBells()
    {
        Doorbell.Ring(_careBell);
        Doorbell.Ring(_dequeueBell);
    }
}
