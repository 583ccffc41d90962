using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing;

namespace MagAlloc;

/// <summary>Where importers connect to an owner: a local socket.</summary>
/// <remarks>
/// Connecting gives an importer nothing but a page that says which buffers exist; what it may map the owner exports to it. Who may connect is a matter
/// of the rights to the path. All members may be called from any thread. Linux only.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class BufferListener : IDisposable
{
    private const int Backlog = 64;

    // EADDRINUSE
    private const int AddressInUse = 98;

    // An importer introduces itself with its first breath; who does not is none, and must not keep others waiting.
    private static readonly TimeSpan s_introduction = TimeSpan.FromSeconds(1);

    private readonly FileDescriptor _socket;
    private readonly FaultPlan? _faults;
    private readonly Lock _accepting = new();
    private readonly PollSet _poll = new();
    private int _disposed;

    /// <summary>Listens.</summary>
    /// <param name="address">
    /// A path, at which a socket appears until this is disposed of; one that a process left behind which is gone is replaced. Or <c>@name</c>: a name in
    /// the abstract space, which leaves nothing behind, and which every process of the network namespace may connect to.
    /// </param>
    /// <param name="faults">Which fallible steps fail on purpose; null (default): none.</param>
    /// <exception cref="ArgumentException">The address is empty or too long.</exception>
    /// <exception cref="BufferException">The system refused; somebody listens there, or the path cannot be written.</exception>
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
        _socket = (FileSteps.Fails(faults, FaultPoint.Socket) ? null : MessageSocket.Create(nonBlocking: true)) ?? throw BufferException.LastRefused(address, "socket");
        try
        {
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

    private bool IsPath => !Address.StartsWith('@');

    private bool HasBound { get; set; }

    /// <summary>Stops listening. Importers that are connected stay so.</summary>
    public void Dispose()
    {
        if (Atomic.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (HasBound && IsPath)
        {
            try
            {
                File.Delete(Address);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its folder is gone, or not ours any more. What is left there is replaced by the next one who listens.
            }
        }

        // Who waits for a connection holds the socket open: it is told.
        MessageSocket.Shutdown(_socket);
        _socket.Dispose();
    }

    internal static void RequireAddress(string address)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        if (address == "@" || Encoding.UTF8.GetByteCount(address) > MessageSocket.LongestPath)
        {
            throw new ArgumentException($"The address of a socket has from 1 to {MessageSocket.LongestPath} bytes.", nameof(address));
        }
    }

    internal BufferPeer? Accept(BufferQueue queue, TimeSpan timeout)
    {
        FileDescriptor? connection;
        lock (_accepting)
        {
            ObjectDisposedException.ThrowIf(Atomic.Load(ref _disposed) != 0, this);
            _poll.Clear();
            _poll.Add(_socket, forReading: true);
            bool any = _poll.Wait(QueueCore.MillisecondsOf(timeout));
            ObjectDisposedException.ThrowIf(Atomic.Load(ref _disposed) != 0, this);
            if (!any)
            {
                return null;
            }

            connection = FileSteps.Fails(_faults, FaultPoint.Socket) ? null : MessageSocket.Accept(_socket);
        }

        if (connection is null)
        {
            // It may have gone again while it waited.
            return VirtualMemory.LastError == LinuxError.TryAgain ? null : throw BufferException.LastRefused(Address, "accept");
        }

        return queue.Core.Connect(queue, connection, s_introduction);
    }

    private void Bind()
    {
        if (!TryBind())
        {
            if (VirtualMemory.LastError != AddressInUse || !IsPath || !IsLeftOver())
            {
                throw BufferException.LastRefused(Address, "bind");
            }

            File.Delete(Address);
            if (!TryBind())
            {
                throw BufferException.LastRefused(Address, "bind");
            }
        }

        HasBound = true;
    }

    private bool TryBind() => !FileSteps.Fails(_faults, FaultPoint.Socket) && MessageSocket.TryBind(_socket, Address);

    /// <summary>Whether a socket is at the path, and nobody listens at it any more. Whatever else is there is not ours to delete.</summary>
    private bool IsLeftOver()
    {
        using FileDescriptor? probe = MessageSocket.Create(nonBlocking: true);
        bool isLeftOver = probe is not null && MemoryFiles.TryGetStatus(Address, out FileStatus status) && status.IsSocket && !MessageSocket.TryConnect(probe, Address) && VirtualMemory.LastError == LinuxError.ConnectionRefused;
        Marshal.SetLastPInvokeError(AddressInUse);
        return isLeftOver;
    }
}
