using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>The owner's side of the page on which importers read what became of their buffers: one <see cref="ControlWord"/> a slot.</summary>
/// <remarks>
/// <para>A memory file of its own, sealed against shrinking; importers get it read-only. The owner writes it and never reads it: what it knows
/// of buffers lies in its own memory, so whoever scribbles on this page (a process of the same user can) deceives importers only.</para>
/// <para><b>Order.</b> A buffer's word is stored before its export is sent; the word of a revocation before a page is dropped. An importer reads the
/// word, the contents, and the word again: contents that a revocation may have reached are never taken for good.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class ControlPage : IDisposable
{
    private readonly nuint _bytes;
    private readonly FileDescriptor _file;
    private byte* _mapping;

    private ControlPage(FileDescriptor file, FileDescriptor readable, byte* mapping, nuint bytes)
    {
        _file = file;
        Readable = readable;
        _mapping = mapping;
        _bytes = bytes;
    }

    /// <summary>
    /// What all importers get: one description for reading, opened before any of them was there. To open the file again for each would wait for as
    /// long as one of the same user likes that has taken a lease on it; that they share a description tells none anything of another, for nothing of
    /// it is used but the mapping.
    /// </summary>
    public FileDescriptor Readable { get; }

    public long Bytes => (long)_bytes;

    /// <exception cref="BufferException">A step was refused; nothing is left behind.</exception>
    public static ControlPage Create(string queue, int slots, FaultPlan? faults)
    {
        nuint page = VirtualMemory.PageSize;
        nuint bytes = (((nuint)slots * sizeof(ulong)) + page - 1) & ~(page - 1);
        FileDescriptor file = FileSteps.Create(queue, "control", reservedHugePages: false, faults);
        FileDescriptor? readable = null;
        try
        {
            FileSteps.SetLength(queue, file, (long)bytes, faults);
            FileSteps.Seal(queue, file, MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealSeals, faults);
            readable = FileSteps.Reopen(queue, file, writable: false, faults);
            return new ControlPage(file, readable, FileSteps.Map(queue, file, bytes, writable: true, faults), bytes);
        }
        catch
        {
            readable?.Dispose();
            file.Dispose();
            throw;
        }
    }

    public void Publish(int slot, ulong word) => Atomic.Store(ref Word(slot), word);

    /// <summary>Says that a buffer is no more.</summary>
    /// <remarks>An exchange, not a store: it is before everything that follows, the system call that drops the pages included.</remarks>
    public void Revoke(int slot) => Atomic.Exchange(ref Word(slot), ControlWord.Revoked);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_mapping != null)
        {
            FileMapping.TryUnmap(_mapping, _bytes);
            _mapping = null;
        }

        Readable.Dispose();
        _file.Dispose();
    }

    private ref ulong Word(int slot) => ref ((ulong*)_mapping)[slot];
}
