using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>A connection to the owner of a <see cref="BufferQueue"/> in another process: what it exports is mapped here.</summary>
/// <remarks>
/// <para>One thread at a time receives; all else may be done by any thread. Exports, revocations and stops are taken in on the way, so an importer keeps
/// receiving while it is connected.</para>
/// <para>What the owner sends is checked: a buffer is mapped if it is a memory file with the seals that its profile promises, as long as it is said to
/// be, and opened as it is said to be.</para>
/// <para>When the owner ends, importers keep what they have mapped until they let go. Linux only.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed partial class BufferImporter : IDisposable
{
    // An owner that reads nothing for so long is stopped, or stuck.
    private static readonly TimeSpan s_room = TimeSpan.FromSeconds(1);

    private readonly BufferImporterOptions _options;
    private readonly FileDescriptor _socket;
    private readonly ControlView _view;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, BufferImport> _imports = [];
    // Nothing comes any more; and nothing that is sent arrives any more, which is found first.
    private int _isGone;
    private int _isUnheard;
    private int _isDisposed;

    private BufferImporter(BufferImporterOptions options, FileDescriptor socket, ControlView view, int ownerProcessId)
    {
        _options = options;
        _socket = socket;
        _view = view;
        OwnerProcessId = ownerProcessId;
    }

    /// <summary>The name from the options.</summary>
    public string Name => _options.Name;

    /// <summary>The owner's process.</summary>
    public int OwnerProcessId { get; }

    /// <summary>
    /// False once the owner is known to have ended or closed the connection. What is mapped stays so, and frames that it had sent before can still be received.
    /// </summary>
    public bool IsConnected => Atomic.Load(ref _isGone) == 0 && Atomic.Load(ref _isUnheard) == 0;

    /// <summary>
    /// The buffers that are mapped now. They stay the importer's: it disposes of one while receiving, once the owner has released it and its frames are
    /// acknowledged, so memory that was got through this list alone must be pinned while it is used (<see cref="BufferImport.GetMemory"/>).
    /// <see cref="TryImport"/> gives buffers that are the caller's.
    /// </summary>
    public IReadOnlyList<BufferImport> Imports
    {
        get
        {
            using (Uninterrupted.Enter(_gate))
            {
                return [.. _imports.Values];
            }
        }
    }

    /// <summary>Connects to where an owner listens.</summary>
    /// <param name="address">As the owner's <see cref="BufferListener"/> has it.</param>
    /// <param name="options">Checked here; null: defaults.</param>
    /// <exception cref="ArgumentException">The address or an option is out of range.</exception>
    /// <exception cref="BufferException">
    /// Nobody listens there; the owner refused or did not answer (<see cref="BufferError.Ended"/>, <see cref="BufferError.TryAgain"/>); the system refused.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public static BufferImporter Connect(string address, BufferImporterOptions? options = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Exportable buffers need Linux.");
        }

        BufferListener.RequireAddress(address);
        options = options is null ? new BufferImporterOptions() : options with { };
        options.Validate();
        FileDescriptor socket = (FileSteps.Fails(options.Faults, FaultPoint.Socket) ? null : MessageSocket.Create(nonBlocking: false))
            ?? throw BufferException.LastRefused(options.Name, "socket");

        // With many in line before it a connection waits, too.
        MessageSocket.SetSendTimeout(socket, options.ConnectTimeout);
        if (FileSteps.Fails(options.Faults, FaultPoint.Socket) || !MessageSocket.TryConnect(socket, address, options.ConnectTimeout))
        {
            BufferException refused = BufferException.LastRefused(options.Name, $"connect to '{address}'");
            socket.Dispose();
            throw refused;
        }

        return Open(socket, options);
    }

    /// <summary>Introduces itself to the owner at the other end of a socket.</summary>
    /// <param name="socket">Becomes the importer's, also when this fails.</param>
    /// <param name="options">Checked.</param>
    internal static BufferImporter Open(FileDescriptor socket, BufferImporterOptions options)
    {
        FileDescriptor? control = null;
        try
        {
            SharingMessage hello = new()
            {
                Kind = MessageKind.Hello,
                Flags = options.AcceptRevocable ? SharingMessage.AcceptsRevocable : (ushort)0,
                Length = (long)SharingMessage.Version,
            };
            if (FileSteps.Fails(options.Faults, FaultPoint.Message) || !MessageSocket.TrySend(socket, SharingMessage.BytesOf(ref hello)))
            {
                throw BufferException.LastRefused(options.Name, "send");
            }

            var set = new PollSet();
            set.Add(socket, forReading: true);
            SharingMessage welcome = default;
            if (!set.Wait(Ticks.MillisecondsOf(options.ConnectTimeout)))
            {
                throw new BufferException(BufferError.TryAgain, $"{options.Name}: the owner did not answer within {options.ConnectTimeout.TotalSeconds:0.###} s.");
            }

            int got = MessageSocket.Receive(socket, SharingMessage.BytesOf(ref welcome), out control);
            if (got <= 0)
            {
                throw new BufferException(BufferError.Ended, $"{options.Name}: the owner closed the connection.");
            }

            if (got != SharingMessage.Bytes || welcome.Kind != MessageKind.Welcome || welcome.Length < sizeof(ulong))
            {
                throw new BufferException(BufferError.Invalid, $"{options.Name}: who listens there is no owner of buffers.");
            }

            RequireSealed(options.Name, "the control page", control, MemoryFiles.SealShrink, welcome.Length);
            if (MemoryFiles.PageBytesOf(control) != Environment.SystemPageSize)
            {
                throw new BufferException(BufferError.Invalid, $"{options.Name}: the owner's control page is of huge pages, of which a touch may be a signal.");
            }

            var view = new ControlView(options.Name, control!, welcome.Length, options.Faults);
            MessageSocket.TryGetPeer(socket, out int owner, out _);
            MessageSocket.SetSendTimeout(socket, s_room);
            return new BufferImporter(options, socket, view, owner);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        finally
        {
            control?.Dispose();
        }
    }

    /// <summary>
    /// Tells the owner that this importer is done with a frame: its memory may be unmapped from now on. Of one that is not its any more: nothing.
    /// </summary>
    /// <param name="frame">From <see cref="TryReceive"/>.</param>
    /// <param name="bytesUsed">Of a buffer that may be written: bytes that mean something now; -1: as received.</param>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Invalid"/>: more bytes than the buffer has; <see cref="BufferError.TryAgain"/>: the owner has read nothing for a second.
    /// </exception>
    public void Acknowledge(in BufferFrame frame, long bytesUsed = -1)
    {
        if (frame.Buffer is null || bytesUsed < -1 || bytesUsed > frame.Buffer.Length)
        {
            throw new BufferException(BufferError.Invalid, $"{Name}: {bytesUsed} used bytes are out of range, or this is no frame.");
        }

        frame.Buffer.RemoveFrame(frame.Sequence);
        Send(new SharingMessage
        {
            Kind = MessageKind.Acknowledged,
            Slot = frame.Buffer.Slot,
            Generation = frame.Buffer.Generation,
            Index = frame.Buffer.Index,
            Sequence = frame.Sequence,
            Length = bytesUsed < 0 ? frame.BytesUsed : bytesUsed,
        });
    }

    /// <summary>
    /// Lets go of all buffers and disconnects. Not cut short by <see cref="Thread.Interrupt"/>, which stays pending. Calling it again does nothing.
    /// </summary>
    public void Dispose()
    {
        if (Atomic.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        using Uninterrupted.Scope quiet = Uninterrupted.Begin();
        Atomic.Store(ref _isGone, 1);
        foreach (BufferImport import in Imports)
        {
            import.TryEnd(out _);
        }

        // Who receives on another thread sees the end.
        MessageSocket.Shutdown(_socket);
        _socket.Dispose();
        _view.Dispose();
    }

    /// <summary>Whether the owner says that a buffer is good, behind whatever was read of it so far.</summary>
    internal bool IsReadable(BufferImport import) => ControlWord.IsReadable(_view.Read(import.Slot), import.Generation);

    internal bool IsReleased(BufferImport import) => ControlWord.IsOrphan(_view.Read(import.Slot), import.Generation);

    /// <summary>An import was disposed of.</summary>
    /// <returns>False when another one has its place: the owner has not waited.</returns>
    internal bool Forget(BufferImport import)
    {
        using (Uninterrupted.Enter(_gate))
        {
            return _imports.TryGetValue(import.Slot, out BufferImport? present) && ReferenceEquals(present, import) && _imports.Remove(import.Slot);
        }
    }

    /// <summary>Nothing of an import is left here.</summary>
    internal void TellLetGo(BufferImport import)
        => Tell(new SharingMessage { Kind = MessageKind.LetGo, Slot = import.Slot, Generation = import.Generation, Index = import.Index });

    private void Disconnect()
    {
        Atomic.Store(ref _isGone, 1);
        try
        {
            MessageSocket.Shutdown(_socket);
        }
        catch (ObjectDisposedException)
        {
            // By another thread that disposes of this.
        }
    }

    private static void RequireSealed(string importer, string what, [NotNull] FileDescriptor? file, int seals, long bytes)
    {
        if (file is null)
        {
            throw new BufferException(BufferError.TooManyFiles, $"{importer}: the descriptor of {what} did not come; this process may have too many open.");
        }

        int has = MemoryFiles.SealsOf(file);
        if (has < 0)
        {
            throw new BufferException(BufferError.BadDescriptor, $"{importer}: what was sent for {what} is no memory file.");
        }

        if ((has & seals) != seals || !MemoryFiles.TryGetStatus(file, out FileStatus status) || status.Bytes < (ulong)bytes)
        {
            throw new BufferException(BufferError.Invalid, $"{importer}: what was sent for {what} lacks the seals or the length that were promised.");
        }
    }

    /// <summary>Tells the owner what it must know of a buffer.</summary>
    private void Tell(SharingMessage message)
    {
        if (SendOrError(ref message) != 0)
        {
            // The owner must not believe something else for ever: a connection that has ended says enough.
            Disconnect();
        }
    }

    private void Send(SharingMessage message)
    {
        int error = SendOrError(ref message);
        if (error != 0)
        {
            throw BufferException.Refused(Name, "send", error);
        }
    }

    /// <returns>0, also if the owner is gone: then there is nobody to tell. Else the error number.</returns>
    private int SendOrError(ref SharingMessage message)
    {
        if (!IsConnected)
        {
            return 0;
        }

        try
        {
            if (!FileSteps.Fails(_options.Faults, FaultPoint.Message) && MessageSocket.TrySend(_socket, SharingMessage.BytesOf(ref message), s_room))
            {
                return 0;
            }
        }
        catch (ObjectDisposedException)
        {
            // Disposed of on another thread.
            return 0;
        }

        int error = VirtualMemory.LastError;
        if (error is LinuxError.BrokenPipe or LinuxError.ConnectionReset)
        {
            // What it sent before can still be received: the end is found there.
            Atomic.Store(ref _isUnheard, 1);
            return 0;
        }

        return error;
    }
}
