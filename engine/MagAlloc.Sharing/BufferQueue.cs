using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Sharing.Platform;
using Microsoft.Win32.SafeHandles;

namespace MagAlloc.Sharing;

/// <summary>
/// A queue of buffers that other processes map, and that their owner can always get back: videobuf2's buffer sharing in user space.
/// </summary>
/// <remarks>
/// <para><b>What for.</b> Frames of video, columns of a database, samples: produced here, used there, not copied. An importer that is slow, hangs,
/// dies or cheats costs the owner a bounded number of bytes for a bounded time, and never a signal or an exception out of nowhere.</para>
/// <para><b>Ownership.</b> The handle that requested or created buffers owns the queue until it releases them; other handles
/// (<see cref="OpenAnother"/>) are refused as busy, except where a member says that any handle may call. Sizes are in bytes, and rounded up to whole
/// pages; a buffer begins at a page.</para>
/// <para><b>Getting memory back.</b> <see cref="Release"/> never waits for an importer. What is still held becomes an orphan, which counts against quotas;
/// orphans are revoked on demand, at a deadline or under pressure: their pages are dropped, also for processes that have them mapped.</para>
/// <para>All members may be called from any thread. Errors are <see cref="BufferException"/>, whose <see cref="BufferException.Error"/> is one of the
/// error numbers that the kernel's interface has for the same. Calls of a disposed handle throw <see cref="ObjectDisposedException"/>; one that a disposal on
/// another thread meets ends so, or as when the stream is stopped. Linux only.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed unsafe class BufferQueue : IDisposable
{
    private readonly QueueCore _core;
    private int _disposed;

    /// <summary>Makes a queue, and the first handle to it.</summary>
    /// <param name="options">Checked here; null: defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it and the range.</exception>
    /// <exception cref="BufferException">
    /// The system refused a step; nothing is left behind. <see cref="BufferError.NotSupported"/>: there is no <c>/proc</c>, or
    /// leases do not tell whether a memory file is held.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public BufferQueue(BufferQueueOptions? options = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Exportable buffers need Linux: memory files, leases on them, and sockets that carry descriptors.");
        }

        options = options is null ? new BufferQueueOptions() : options with { };
        options.Validate();
        _core = new QueueCore(options);
        _core.Enter();
    }

    private BufferQueue(QueueCore core)
    {
        core.Enter();
        _core = core;
    }

    /// <summary>The name from the options.</summary>
    public string Name => _core.Name;

    /// <summary>How the queue knows which process holds what: what this system lets it know.</summary>
    public BufferTracking Tracking => _core.Tracking;

    internal QueueCore Core => _core;

    internal bool IsDisposed => Atomic.Load(ref _disposed) != 0;

    /// <summary>Another handle to the same queue, as a second <c>open</c> of a device.</summary>
    /// <exception cref="ObjectDisposedException">This handle is disposed.</exception>
    public BufferQueue OpenAnother()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return new BufferQueue(_core);
    }

    /// <summary>
    /// Releases the buffers that there are (as orphans where they are held) and makes others (<c>VIDIOC_REQBUFS</c>). This handle owns the queue then;
    /// with a count of 0 nobody does.
    /// </summary>
    /// <param name="count">How many; rounded up to <see cref="BufferQueueOptions.MinBuffers"/>, down to <see cref="BufferQueueOptions.MaxBuffers"/>.</param>
    /// <param name="length">Bytes of each.</param>
    /// <param name="profile">What they promise importers.</param>
    /// <param name="pages">What they are made of.</param>
    /// <returns>How many there are: fewer than asked for if the maximum was, or memory became short while they were made.</returns>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Busy"/>: another handle owns the queue, the stream is on, or a thread waits in <see cref="TryDequeue"/>;
    /// <see cref="BufferError.Invalid"/>; <see cref="BufferError.NoBuffers"/> or <see cref="BufferError.QuotaExceeded"/>, with the quota;
    /// <see cref="BufferError.OutOfMemory"/>, also when the machine or a memory control group has not got enough for all of them. The former buffers are released except when it is <see cref="BufferError.Busy"/> or
    /// <see cref="BufferError.Invalid"/>.
    /// </exception>
    public int Request(int count, long length, BufferProfile profile = BufferProfile.Stable, BufferPages pages = BufferPages.Normal)
        => _core.Request(this, count, count == 0 ? default : BufferFormat.For(Name, length, profile, pages));

    /// <summary>Adds buffers, perhaps of another length (<c>VIDIOC_CREATE_BUFS</c>). This handle owns the queue then.</summary>
    /// <param name="count">How many. 0 asks only; any handle may.</param>
    /// <param name="length">Bytes of each.</param>
    /// <param name="profile">What they promise importers.</param>
    /// <param name="pages">What they are made of.</param>
    /// <returns>Their indices, consecutive; fewer than asked for if there is no hole so long. With a count of 0 the number of live buffers and 0.</returns>
    /// <exception cref="BufferException">As <see cref="Request"/>; <see cref="BufferError.NoBuffers"/>: there are as many as may be.</exception>
    public BufferRange Create(int count, long length, BufferProfile profile = BufferProfile.Stable, BufferPages pages = BufferPages.Normal)
        => _core.Create(this, count, count == 0 ? default : BufferFormat.For(Name, length, profile, pages));

    /// <summary>Releases some buffers, as orphans where they are held, also while the stream is on (<c>VIDIOC_REMOVE_BUFS</c>).</summary>
    /// <param name="first">The first one's index.</param>
    /// <param name="count">How many; all must exist and be dequeued, or nothing happens. 0: nothing, for any handle.</param>
    /// <returns>What became of them.</returns>
    /// <exception cref="BufferException"><see cref="BufferError.Invalid"/> or <see cref="BufferError.Busy"/>.</exception>
    public ReleaseResult Remove(int first, int count) => _core.Remove(this, first, count);

    /// <summary>What is known of a buffer (<c>VIDIOC_QUERYBUF</c>). Any handle may ask.</summary>
    /// <param name="index">Its index.</param>
    /// <exception cref="BufferException"><see cref="BufferError.Invalid"/>: there is none.</exception>
    public BufferInfo Query(int index) => _core.Query(this, index);

    /// <summary>The owner's view of a buffer. Not to be used once the buffer is released, as memory that was freed.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="offset">Where in the buffer the span begins.</param>
    /// <param name="length">How long it is; -1: to the end, which must lie within 2 GiB.</param>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Invalid"/>; <see cref="BufferError.AccessDenied"/>: it is frozen; <see cref="BufferError.Busy"/>.
    /// </exception>
    public Span<byte> GetSpan(int index, long offset = 0, int length = -1)
    {
        byte* mapping = _core.MappingOf(this, index, forWriting: true, out long bytes);
        return new Span<byte>(mapping + offset, PartLength(bytes, offset, length));
    }

    /// <summary>The same for reading, of frozen buffers too.</summary>
    /// <inheritdoc cref="GetSpan"/>
    public ReadOnlySpan<byte> GetReadOnlySpan(int index, long offset = 0, int length = -1)
    {
        byte* mapping = _core.MappingOf(this, index, forWriting: false, out long bytes);
        return new ReadOnlySpan<byte>(mapping + offset, PartLength(bytes, offset, length));
    }

    /// <summary>
    /// The owner's view of a buffer for APIs that take <see cref="Memory{T}"/>. It throws once the buffer is released; while it is pinned a release lets
    /// the pages be: a revocation comes when it is unpinned.
    /// </summary>
    /// <param name="index">Its index.</param>
    /// <remarks>Of a frozen buffer, also if it was frozen afterwards, it must not be written to: that would end the process.</remarks>
    /// <exception cref="BufferException">As <see cref="GetReadOnlySpan"/>; <see cref="BufferError.Invalid"/> also if it is longer than 2 GiB.</exception>
    public Memory<byte> GetMemory(int index)
    {
        SharedBuffer buffer = _core.Require(this, index);
        return buffer.Bytes <= int.MaxValue
            ? new OwnedBufferMemory(this, buffer).Memory
            : throw new BufferException(BufferError.Invalid, $"{Name}: buffer {index} is longer than a Memory<byte> can be; use GetSpan with an offset.");
    }

    /// <summary>
    /// Makes the contents of an immutable buffer final, for this process as well: from now on it is for reading only, and may be exported. Nobody may
    /// use its memory during the call.
    /// </summary>
    /// <param name="index">Its index.</param>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Invalid"/>: it is not immutable, or frozen already; <see cref="BufferError.Busy"/>: it is pinned. When the system refused, it
    /// can be frozen again; in between the owner may be without a view of it.
    /// </exception>
    public void Freeze(int index) => _core.Freeze(this, index);

    /// <summary>Takes a connection of a <see cref="BufferListener"/>'s as an importer of this queue. Any handle may.</summary>
    /// <param name="listener">Where importers connect.</param>
    /// <param name="timeout">How long to wait for one. A process that has connected in time may take a second to introduce itself.</param>
    /// <returns>
    /// The importer; null when none came in time. A connection that is none (it ends again, keeps silent or says something else) is passed over,
    /// and the waiting goes on.
    /// </returns>
    /// <exception cref="BufferException">The system refused; the connection is closed.</exception>
    public BufferPeer? Accept(BufferListener listener, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return listener.Accept(this, timeout);
    }

    /// <summary>Gives an importer a buffer (<c>VIDIOC_EXPBUF</c>). It may map it until it lets go, or the buffer is revoked.</summary>
    /// <param name="index">The buffer's index.</param>
    /// <param name="importer">Connected to this queue.</param>
    /// <param name="access">What it may do.</param>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Invalid"/>: there is no such buffer, or it is immutable and not frozen;
    /// <see cref="BufferError.AccessDenied"/>: writing, where the queue or the profile is for reading, or a revocable buffer to a process of this user;
    /// <see cref="BufferError.NotSupported"/>: a revocable buffer, and the importer did not announce that it takes any;
    /// <see cref="BufferError.Busy"/>: it has the buffer; <see cref="BufferError.QuotaExceeded"/>: the importer's quota;
    /// <see cref="BufferError.Ended"/>: it is gone; <see cref="BufferError.TryAgain"/>: its socket is full of what stopped streams sent;
    /// <see cref="BufferError.TooManyFiles"/> and others of the system's.
    /// </exception>
    public void Export(int index, BufferPeer importer, BufferAccess access = BufferAccess.ReadOnly)
    {
        ArgumentNullException.ThrowIfNull(importer);
        _core.Export(this, index, importer, access);
    }

    /// <summary>
    /// A real dma-buf over a stable buffer, for drivers (<c>/dev/udmabuf</c>). A process that has it, or a driver that is attached to it, holds the buffer, as an importer
    /// does; and its pages, so that the buffer cannot be revoked until then, stays an orphan, and counts. The end is found within a second; where the
    /// kernel does not say which process has a dma-buf, it counts for as long as there is the queue. <b>Untested</b> with a device: no machine of ours has one.
    /// </summary>
    /// <param name="index">The buffer's index.</param>
    /// <returns>Its descriptor; the caller disposes it.</returns>
    /// <exception cref="BufferException"><see cref="BufferError.NotSupported"/>: there is no such device here.</exception>
    public SafeFileHandle ExportDmaBuf(int index)
    {
        using FileDescriptor made = _core.ExportDmaBuf(this, index);
        var handle = new SafeFileHandle(made.Number, ownsHandle: true);
        made.SetHandleAsInvalid();
        return handle;
    }

    /// <summary>Frames that are queued go to importers from now on (<c>VIDIOC_STREAMON</c>). Again: nothing.</summary>
    /// <exception cref="BufferException"><see cref="BufferError.Invalid"/>: there are too few buffers; <see cref="BufferError.Busy"/>.</exception>
    public void StreamOn() => _core.StreamOn(this);

    /// <summary>All buffers are dequeued, whatever importers do with them; a thread that waits is woken (<c>VIDIOC_STREAMOFF</c>).</summary>
    /// <exception cref="BufferException"><see cref="BufferError.Busy"/>.</exception>
    public void StreamOff() => _core.StreamOff(this);

    /// <summary>
    /// Puts the queue into error (<c>vb2_queue_error</c>): queueing and dequeuing fail, and a thread that waits is woken, until the stream is stopped or buffers are
    /// requested. For a supervisor on another thread; any handle may.
    /// </summary>
    public void Abort() => _core.Abort(this);

    /// <summary>
    /// Hands a buffer over (<c>VIDIOC_QBUF</c>): while the stream is on it goes to each importer that has it, and comes back when all of them have
    /// acknowledged. Each importer gets its frames in the order of this call. While no importer has the buffer the frame waits; when an importer gets the buffer it gets the
    /// frame too, if that is the newest, and else the frame comes back as skipped.
    /// </summary>
    /// <param name="index">A dequeued buffer's index.</param>
    /// <param name="bytesUsed">Bytes that mean something; -1: all.</param>
    /// <param name="isLast">Behind it nothing can be dequeued until the stream is started anew.</param>
    /// <returns>The frame's number, from 1 and rising.</returns>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Invalid"/>: it does not exist or is not dequeued; <see cref="BufferError.QueueFailed"/>; <see cref="BufferError.Busy"/>.
    /// </exception>
    public long Queue(int index, long bytesUsed = -1, bool isLast = false) => _core.Queue(this, index, bytesUsed, isLast);

    /// <summary>Takes the buffer that came back first (<c>VIDIOC_DQBUF</c>). One thread at a time waits.</summary>
    /// <param name="completed">The buffer.</param>
    /// <param name="timeout">How long to wait; default: not at all.</param>
    /// <returns>False when none came in time (<c>EAGAIN</c>).</returns>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Invalid"/>: the stream is off, or was stopped meanwhile; <see cref="BufferError.Ended"/>: the last frame was dequeued;
    /// <see cref="BufferError.QueueFailed"/>; <see cref="BufferError.Busy"/>: another thread waits, or another handle owns.
    /// </exception>
    public bool TryDequeue(out CompletedBuffer completed, TimeSpan timeout = default) => _core.TryDequeue(this, timeout, out completed);

    /// <summary>Releases all buffers (<c>VIDIOC_REQBUFS</c> with 0), and with them ownership. Never waits for importers.</summary>
    /// <param name="mode">What becomes of those that are held.</param>
    /// <param name="deadline">With <see cref="ReleaseMode.Revoke"/>: how long they may still be held; default: not at all.</param>
    /// <returns>What became of them.</returns>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Busy"/>: the stream is on, another handle owns, or, with <see cref="ReleaseMode.Strict"/>, importers hold buffers
    /// (<see cref="BufferException.Holders"/>), and nothing was released. <see cref="BufferError.NotPermitted"/>: all were released, but immutable ones that
    /// are held, or ones in a dma-buf, could not be revoked, and are orphans (<see cref="BufferException.Released"/>).
    /// </exception>
    public ReleaseResult Release(ReleaseMode mode = ReleaseMode.Orphan, TimeSpan deadline = default)
    {
        if (!Enum.IsDefined(mode) || deadline < TimeSpan.Zero)
        {
            throw new BufferException(BufferError.Invalid, $"{Name}: mode {mode} does not exist, or a deadline of {deadline} is negative.");
        }

        return _core.Release(this, mode, deadline);
    }

    /// <summary>
    /// Drops the pages of all released buffers that are still held, immutable ones excepted; of those that are pinned, or in a dma-buf, when they are
    /// not any more.
    /// </summary>
    /// <returns>How many buffers lost their pages.</returns>
    /// <exception cref="BufferException"><see cref="BufferError.Busy"/>: another handle owns.</exception>
    public int RevokeOrphans() => _core.RevokeOrphans(this);

    /// <summary>Waits until no released buffer is held any more, revoked ones included. Any handle may.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <returns>False when some still are, or the queue was disposed of meanwhile.</returns>
    /// <exception cref="ObjectDisposedException">The handle is disposed.</exception>
    public bool WaitForReclaim(TimeSpan timeout) => _core.WaitForReclaim(this, timeout);

    /// <summary>Reads the books. Any handle may.</summary>
    /// <exception cref="ObjectDisposedException">The handle is disposed.</exception>
    public BufferQueueStatistics GetStatistics() => _core.GetStatistics(this);

    /// <summary>
    /// Closes the handle. An owner's buffers are released as <see cref="BufferQueueOptions.DisposeMode"/> says; with the last handle importers are
    /// disconnected and orphans are revoked, or left to their holders. Not cut short by <see cref="Thread.Interrupt"/>, which stays pending. Calling it again does nothing.
    /// </summary>
    public void Dispose()
    {
        EventGuard.RequireNotWriting();
        if (Atomic.Exchange(ref _disposed, 1) == 0)
        {
            _core.Leave(this);
        }
    }

    private int PartLength(long bytes, long offset, int length)
    {
        long left = bytes - offset;
        if (offset < 0 || left < 0 || length < -1 || length > left || (length == -1 && left > int.MaxValue))
        {
            throw new BufferException(BufferError.Invalid, $"{Name}: {length} bytes at {offset} are not within the {bytes} of the buffer, or more than a span can have.");
        }

        return length < 0 ? (int)left : length;
    }
}
