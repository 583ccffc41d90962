using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>A buffer of another process's, mapped here.</summary>
/// <remarks>
/// <para>Its owner may take it back at any time. What is read is good if <see cref="IsRevoked"/> is false <em>after</em> it was read: the owner announces
/// a revocation before it drops a page. Of a <see cref="BufferProfile.Stable"/> buffer an access afterwards gives zeros, never a signal; of a
/// <see cref="BufferProfile.Revocable"/> one it ends this process, so those are read by <see cref="TryRead"/> only.</para>
/// <para>All members may be called from any thread; do not use the memory once this is disposed of. One that <see cref="BufferImporter.TryImport"/> returned is the
/// caller's to dispose. Others are disposed of while receiving, once the owner has released them and their frames are acknowledged
/// (<see cref="BufferImporterOptions.KeepReleased"/>).</para>
/// </remarks>
[SupportedOSPlatform("linux")]
[SuppressMessage("Naming", "CA1724", Justification = "What is imported is called an import.")]
public sealed unsafe class BufferImport : IDisposable
{
    private readonly BufferImporter _importer;
    private readonly FileDescriptor _file;
    private readonly Lock _gate = new();
    private byte* _mapping;
    private int _isRevoked;
    private int _isDisposed;
    private int _pins;
    private bool _isCallers;

    // Numbers of frames that the caller has got and not acknowledged; mostly one or none.
    private readonly List<long> _frames = [];

    internal BufferImport(BufferImporter importer, FileDescriptor file, byte* mapping, in SharingMessage export)
    {
        _importer = importer;
        _file = file;
        _mapping = mapping;
        Slot = export.Slot;
        Generation = export.Generation;
        Index = export.Index;
        Length = export.Length;
        Profile = (BufferProfile)(export.Flags >> SharingMessage.ProfileShift);
        Access = (export.Flags & SharingMessage.Writable) != 0 ? BufferAccess.ReadWrite : BufferAccess.ReadOnly;
    }

    /// <summary>Its index in the owner's queue, when it was exported. Another buffer may have it by now.</summary>
    public int Index { get; }

    /// <summary>Its length in bytes.</summary>
    public long Length { get; }

    /// <summary>What it promises.</summary>
    public BufferProfile Profile { get; }

    /// <summary>What may be done with it.</summary>
    public BufferAccess Access { get; }

    /// <summary>The owner has taken it back: what is read from now on, and what was read while this became true, means nothing. Some nanoseconds, no system call.</summary>
    public bool IsRevoked => Atomic.Load(ref _isRevoked) != 0 || !Validate();

    /// <summary>The owner has released it, and lets it be read for as long as it is held here (<see cref="BufferImporterOptions.KeepReleased"/>).</summary>
    public bool IsReleased => _importer.IsReleased(this);

    internal int Slot { get; }

    internal uint Generation { get; }

    internal FileDescriptor File => _file;

    internal bool IsDisposed => Atomic.Load(ref _isDisposed) != 0;

    /// <summary>The contents, in place.</summary>
    /// <param name="offset">Where the span begins.</param>
    /// <param name="length">How long it is; -1: to the end, which must lie within 2 GiB.</param>
    /// <exception cref="BufferException">
    /// <see cref="BufferError.Revoked"/>, from then on always; <see cref="BufferError.NotSupported"/>: it is revocable, use <see cref="TryRead"/>;
    /// <see cref="BufferError.Invalid"/>.
    /// </exception>
    public ReadOnlySpan<byte> GetSpan(long offset = 0, int length = -1) => new(Part(offset, ref length, writable: false), length);

    /// <summary>The same for writing.</summary>
    /// <param name="offset">Where the span begins.</param>
    /// <param name="length">How long it is; -1: to the end, which must lie within 2 GiB.</param>
    /// <exception cref="BufferException">As <see cref="GetSpan"/>; <see cref="BufferError.AccessDenied"/>: it was exported for reading.</exception>
    public Span<byte> GetWritableSpan(long offset = 0, int length = -1) => new(Part(offset, ref length, writable: true), length);

    /// <summary>
    /// The contents for APIs that take <see cref="Memory{T}"/>; of a buffer that is for reading they must not be written to. It throws once the buffer
    /// is revoked or this disposed of; while it is pinned it stays mapped.
    /// </summary>
    /// <exception cref="BufferException">As <see cref="GetSpan"/>.</exception>
    public Memory<byte> GetMemory()
    {
        int length = -1;
        Part(0, ref length, writable: false);
        return new ImportedBufferMemory(this, length).Memory;
    }

    /// <summary>
    /// Copies contents out, and says whether they are good. Never a signal, whatever the owner does meanwhile: a stable or immutable buffer is copied from
    /// its mapping, a revocable one by the kernel.
    /// </summary>
    /// <param name="offset">Where to begin.</param>
    /// <param name="destination">As many bytes as it has room for. What is in it if this returns false means nothing.</param>
    /// <returns>False when the buffer was revoked.</returns>
    /// <exception cref="BufferException"><see cref="BufferError.Invalid"/>: not all of it lies within the buffer.</exception>
    /// <exception cref="ObjectDisposedException">This is disposed of.</exception>
    public bool TryRead(long offset, Span<byte> destination)
    {
        RequirePart(offset, destination.Length);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (IsRevoked)
        {
            return false;
        }

        if (Profile == BufferProfile.Revocable)
        {
            if (MemoryFiles.Read(_file, offset, destination) != destination.Length)
            {
                MarkRevoked();
            }
        }
        else
        {
            CopyMapped(offset, destination);
        }

        return !IsRevoked;
    }

    /// <summary><see cref="TryRead"/>, with an exception for a revoked buffer.</summary>
    /// <inheritdoc cref="TryRead"/>
    /// <exception cref="BufferException"><see cref="BufferError.Revoked"/> or <see cref="BufferError.Invalid"/>.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (!TryRead(offset, destination))
        {
            ThrowRevoked();
        }
    }

    /// <summary>
    /// The address of the mapping, for what spans cannot do. Of a revocable buffer an access through it may end this process at any time.
    /// </summary>
    /// <exception cref="ObjectDisposedException">This is disposed of.</exception>
    public byte* DangerousGetPointer()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return _mapping;
    }

    /// <summary>
    /// Lets go: unmaps it, and tells the owner. Do not call it while the memory is used, pins excepted: then it stays mapped, and the owner hears of it, when the last
    /// one ends.
    /// </summary>
    public void Dispose()
    {
        if (TryEnd(out bool isPinned) && _importer.Forget(this) && !isPinned)
        {
            _importer.TellLetGo(this);
        }
    }

    /// <summary>A caller has got the import itself, and disposes of it.</summary>
    internal void GiveToCaller()
    {
        lock (_gate)
        {
            _isCallers = true;
        }
    }

    /// <summary>A caller has got a frame, whose memory is his until he acknowledges it.</summary>
    internal void AddFrame(long sequence)
    {
        lock (_gate)
        {
            _frames.Add(sequence);
        }
    }

    internal void RemoveFrame(long sequence)
    {
        lock (_gate)
        {
            _frames.Remove(sequence);
        }
    }

    /// <summary>Lets go of a buffer that the owner has given up, unless a caller has it.</summary>
    /// <returns>False when it is to be tried again later.</returns>
    internal bool TryLetGo()
    {
        lock (_gate)
        {
            if (_isCallers || IsDisposed)
            {
                return true;
            }

            if (_pins != 0 || _frames.Count != 0)
            {
                return false;
            }

            Atomic.Store(ref _isDisposed, 1);
            Unmap();
        }

        _file.Dispose();
        if (_importer.Forget(this))
        {
            _importer.TellLetGo(this);
        }

        return true;
    }

    /// <summary>Ends the use of the memory, without telling the owner.</summary>
    /// <param name="isPinned">It stays mapped until it is unpinned.</param>
    /// <returns>False when it had ended.</returns>
    internal bool TryEnd(out bool isPinned)
    {
        using (Uninterrupted.Enter(_gate))
        {
            isPinned = _pins != 0;
            if (IsDisposed)
            {
                return false;
            }

            Atomic.Store(ref _isDisposed, 1);
            if (!isPinned)
            {
                Unmap();
            }
        }

        _file.Dispose();
        return true;
    }

    internal byte* Pin()
    {
        lock (_gate)
        {
            int length = -1;
            byte* mapping = Part(0, ref length, writable: false);
            _pins++;
            return mapping;
        }
    }

    internal void Unpin()
    {
        using (Uninterrupted.Enter(_gate))
        {
            if (--_pins != 0 || !IsDisposed)
            {
                return;
            }

            Unmap();
        }

        _importer.TellLetGo(this);
    }

    internal void MarkRevoked() => Atomic.Store(ref _isRevoked, 1);

    /// <summary>Pinned, or a disposal on another thread would unmap it under the copy.</summary>
    private void CopyMapped(long offset, Span<byte> destination)
    {
        byte* mapping;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            _pins++;
            mapping = _mapping;
        }

        new ReadOnlySpan<byte>(mapping + offset, destination.Length).CopyTo(destination);
        Unpin();
    }

    private void Unmap()
    {
        FileMapping.TryUnmap(_mapping, (nuint)Length);
        _mapping = null;
    }

    private byte* Part(long offset, ref int length, bool writable)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (writable && Access != BufferAccess.ReadWrite)
        {
            throw new BufferException(BufferError.AccessDenied, $"{_importer.Name}: buffer {Index} was exported for reading.");
        }

        if (Profile == BufferProfile.Revocable)
        {
            throw new BufferException(
                BufferError.NotSupported, $"{_importer.Name}: buffer {Index} is revocable: an access to it may end this process. Read it by {nameof(TryRead)}.");
        }

        if (length == -1 && Length - offset <= int.MaxValue)
        {
            length = (int)Math.Max(-1, Length - offset);
        }

        RequirePart(offset, length);
        if (IsRevoked)
        {
            ThrowRevoked();
        }

        return _mapping + offset;
    }

    private void RequirePart(long offset, int length)
    {
        if (offset < 0 || length < 0 || offset > Length || length > Length - offset)
        {
            throw new BufferException(
                BufferError.Invalid, $"{_importer.Name}: {length} bytes at {offset} are not within the {Length} of buffer {Index}, or more than a span can have.");
        }
    }

    private bool Validate()
    {
        if (_importer.IsReadable(this))
        {
            return true;
        }

        MarkRevoked();
        return false;
    }

    [DoesNotReturn]
    private void ThrowRevoked() => throw new BufferException(BufferError.Revoked, $"{_importer.Name}: the owner has taken buffer {Index} back.");
}
