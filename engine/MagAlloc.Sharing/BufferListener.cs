using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>Where importers connect to an owner: a local socket.</summary>
/// <remarks>
/// <para>Connecting gives an importer nothing but a page that says which buffers exist; the owner exports to it what it may map. Which processes may connect is a matter
/// of the rights to the path.</para>
/// <para>A path belongs to the listener that has locked a file beside it, <c>PATH.lock</c>, until it is disposed of, or its process ends in whatever
/// way. An abstract name belongs to the socket that has bound it. So of any number that start at once exactly one listens, and none is asked whether it does.</para>
/// <para>All members may be called from any thread. Linux only.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class BufferListener : IDisposable
{
    private const int Backlog = 64;

    // An importer introduces itself with its first breath; who does not is none, and must not keep others waiting.
    private static readonly TimeSpan s_introduction = TimeSpan.FromSeconds(1);

    // Whoever may connect can connect as often; beyond this the oldest of those who say nothing goes.
    private const int MostSilent = 64;

    // Connections that have not said anything so far, oldest first, with the end of their time. Who accepts has them meanwhile.
    private readonly Lock _gate = new();
    private readonly List<(FileDescriptor Socket, long DueAt)> _silent = [];

    private readonly FileDescriptor _socket;
    private readonly FaultPlan? _faults;

    // Of a path: from the root, for the program may go to another folder, and not shortened, for a link before '..' leads elsewhere; the right to it; and the socket that was put there.
    private readonly string? _path;
    private readonly PathLock? _lock;
    private (ulong Device, ulong Inode, long Seconds, uint Nanoseconds)? _bound;
    private int _disposed;

    /// <summary>Listens.</summary>
    /// <param name="address">
    /// A path, at which a socket appears until this is disposed of, and beside it its lock; a socket that a process left behind which is gone is
    /// replaced. Or <c>@name</c>: a name in the abstract space, which leaves nothing behind, and which every process of the network namespace may connect to.
    /// </param>
    /// <param name="faults">Which fallible steps fail on purpose; null (default): none.</param>
    /// <exception cref="ArgumentException">The address is empty or too long.</exception>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.AddressInUse"/>: a listener is there, what is there is no socket, or what is beside it no lock; others: the system refused, as where the path
    /// cannot be written.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public BufferListener(string address, FaultPlan? faults = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Exportable buffers need Linux.");
        }

        RequireAddress(address);
        Address = address;
        _faults = faults;
        _path = address.StartsWith('@') ? null : Path.Combine(Environment.CurrentDirectory, address);
        _socket = (FileSteps.Fails(faults, FaultPoint.Socket) ? null : MessageSocket.Create(nonBlocking: true)) ?? throw BufferException.LastRefused(address, "socket");
        try
        {
            if (_path is not null)
            {
                _lock = PathLock.Take(address, _path, faults);
                RemoveLeftOver(_path);
            }

            Bind();
            if (FileSteps.Fails(faults, FaultPoint.Socket) || !MessageSocket.TryListen(_socket, Backlog))
            {
                throw BufferException.LastRefused(address, "listen");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where.</summary>
    public string Address { get; }

    /// <summary>Stops listening. Importers that are connected stay so. What is at the path by then and is not this listener's socket is left there.</summary>
    public void Dispose()
    {
        if (Atomic.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_bound is not null && MemoryFiles.TryGetStatusAt(_path!, out FileStatus present) && present.Identity == _bound)
        {
            // Where that is refused, its folder not being ours any more, the next one who listens replaces it.
            LockFile.TryDelete(_path!);
        }

        // Who waits for a connection holds the socket open: it is told.
        MessageSocket.Shutdown(_socket);
        _socket.Dispose();
        PutBack([]);

        // Last: whoever has the lock next finds nothing of this one's, and nothing of his is touched here.
        _lock?.Dispose();
    }

    internal static void RequireAddress(string address)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        if (address == "@" || Encoding.UTF8.GetByteCount(address) > MessageSocket.LongestPath)
        {
            throw new ArgumentException($"The address of a socket has from 1 to {MessageSocket.LongestPath} bytes.", nameof(address));
        }
    }

    /// <summary>
    /// Takes the first importer that comes. It does not report other connections, which end again or say nothing or something else: any process may make them,
    /// and they are no business of an owner that waits for an importer.
    /// </summary>
    internal BufferPeer? Accept(BufferQueue queue, TimeSpan timeout)
    {
        List<(FileDescriptor Socket, long DueAt)> silent = TakeSilent();
        try
        {
            return Accept(queue, timeout, silent);
        }
        finally
        {
            PutBack(silent);
        }
    }

    private BufferPeer? Accept(BufferQueue queue, TimeSpan timeout, List<(FileDescriptor Socket, long DueAt)> silent)
    {
        long start = Stopwatch.GetTimestamp();
        long over = 0;
        PollSet poll = new();
        while (true)
        {
            ObjectDisposedException.ThrowIf(Atomic.Load(ref _disposed) != 0, this);
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Stopwatch.GetElapsedTime(start);
            if (timeout != Timeout.InfiniteTimeSpan && left <= TimeSpan.Zero)
            {
                // Those in line when the time is found to have passed are looked at, but not without end.
                left = TimeSpan.Zero;
                over = over == 0 ? Stopwatch.GetTimestamp() : over;
                if (Stopwatch.GetElapsedTime(over) > s_introduction)
                {
                    return null;
                }
            }

            Prepare(poll, silent);
            int wait = Ticks.MillisecondsOf(left);
            int introductions = silent.Count == 0 ? -1
                : Math.Max(0, Ticks.MillisecondsOf(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), silent[0].DueAt)));
            bool cut = introductions >= 0 && (wait < 0 || introductions < wait);
            bool any = poll.Wait(cut ? introductions : wait);
            ObjectDisposedException.ThrowIf(Atomic.Load(ref _disposed) != 0, this);
            if (TryConnect(queue, poll, silent) is { } peer)
            {
                return peer;
            }

            if (poll[0] != 0)
            {
                AcceptOne(silent);
            }
            else if (!any && !cut)
            {
                return null;
            }
        }
    }

    private void Prepare(PollSet poll, List<(FileDescriptor Socket, long DueAt)> silent)
    {
        poll.Clear();
        poll.Add(_socket, forReading: true);
        foreach ((FileDescriptor connection, _) in silent)
        {
            poll.Add(connection, forReading: true);
        }
    }

    /// <summary>Makes an importer of the first connection that has introduced itself as one. Those that are none, or whose time has passed, are closed.</summary>
    private static BufferPeer? TryConnect(BufferQueue queue, PollSet poll, List<(FileDescriptor Socket, long DueAt)> silent)
    {
        long now = Stopwatch.GetTimestamp();
        int place = 1;
        for (int i = 0; i < silent.Count; place++)
        {
            (FileDescriptor connection, long dueAt) = silent[i];
            if (poll[place] != 0)
            {
                silent.RemoveAt(i);
                if (queue.Core.Connect(queue, connection, TimeSpan.Zero) is { } peer)
                {
                    return peer;
                }
            }
            else if (dueAt <= now)
            {
                silent.RemoveAt(i);
                connection.Dispose();
            }
            else
            {
                i++;
            }
        }

        return null;
    }

    private void AcceptOne(List<(FileDescriptor Socket, long DueAt)> silent)
    {
        FileDescriptor? connection = FileSteps.Fails(_faults, FaultPoint.Socket) ? null : MessageSocket.Accept(_socket);
        if (connection is null)
        {
            int error = VirtualMemory.LastError;
            ObjectDisposedException.ThrowIf(Atomic.Load(ref _disposed) != 0, this);
            if (error is not (LinuxError.TryAgain or LinuxError.Interrupted))
            {
                // Those two: it has gone again while it waited, or another thread has taken it; a signal.
                throw BufferException.Refused(Address, "accept", error);
            }

            return;
        }

        if (silent.Count == MostSilent)
        {
            silent[0].Socket.Dispose();
            silent.RemoveAt(0);
        }

        silent.Add((connection, Stopwatch.GetTimestamp() + (long)(s_introduction.TotalSeconds * Stopwatch.Frequency)));
    }

    private List<(FileDescriptor Socket, long DueAt)> TakeSilent()
    {
        lock (_gate)
        {
            List<(FileDescriptor Socket, long DueAt)> taken = [.. _silent];
            _silent.Clear();
            return taken;
        }
    }

    /// <summary>Keeps connections for the next call; a listener that has ended closes them, and those that it has.</summary>
    private void PutBack(List<(FileDescriptor Socket, long DueAt)> silent)
    {
        using (Uninterrupted.Enter(_gate))
        {
            _silent.AddRange(silent);
            int surplus = Atomic.Load(ref _disposed) != 0 ? _silent.Count : Math.Max(0, _silent.Count - MostSilent);
            for (int i = 0; i < surplus; i++)
            {
                _silent[i].Socket.Dispose();
            }

            _silent.RemoveRange(0, surplus);
        }
    }

    /// <summary>A socket at a path that is ours is nobody's: who made it is gone. Whatever else is there is not ours to delete.</summary>
    private void RemoveLeftOver(string path)
    {
        if (MemoryFiles.TryGetStatusAt(path, out FileStatus present) && present.IsSocket && !LockFile.TryDelete(path))
        {
            throw BufferException.LastRefused(Address, "unlink of the socket that was left there");
        }
    }

    private void Bind()
    {
        if (FileSteps.Fails(_faults, FaultPoint.Socket) || !MessageSocket.TryBind(_socket, Address))
        {
            throw VirtualMemory.LastError != LinuxError.AddressInUse ? BufferException.LastRefused(Address, "bind")
                : new BufferException(
                    BufferError.AddressInUse,
                    _path is null
                        ? $"{Address}: another process, or another listener of this one, listens here. End it, or choose another address."
                        : $"{Address}: what is there is no socket, and is left alone. Choose another address.");
        }

        if (_path is not null && MemoryFiles.TryGetStatusAt(_path, out FileStatus own))
        {
            _bound = own.Identity;
        }
    }
}
