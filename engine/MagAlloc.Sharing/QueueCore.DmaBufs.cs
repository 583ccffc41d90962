using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>
/// Dma-bufs over buffers. What a driver has through one no lease sees and no hole reaches: the dma-buf itself holds the pages. So the queue keeps a
/// duplicate of each, of which the kernel tells how many have it; while that is anybody else the buffer is held, and cannot be revoked. Nothing tells
/// of the end: the caretaker asks now and then, as it does about leases.
/// </content>
internal sealed partial class QueueCore
{
    private int _dmaBufs;
    private long _nextDmaBufLook;

    internal DmaBufCalls DmaBufCalls { get; set; } = DmaBufCalls.Kernel;

    /// <summary>A dma-buf over a buffer, for drivers.</summary>
    /// <returns>The descriptor, which becomes the caller's.</returns>
    public FileDescriptor ExportDmaBuf(BufferQueue handle, int index)
    {
        RequireNoListener();
        lock (_gate)
        {
            RequireOwner(handle);
            SharedBuffer buffer = Require(index);
            if (buffer.Format.Profile != BufferProfile.Stable)
            {
                throw Invalid($"buffer {index} is {buffer.Format.Profile}; a dma-buf is made of stable ones only.");
            }

            using FileDescriptor device = OpenDmaBufDevice();
            StartCaretaker();
            IsInDmaBuf(buffer);
            FileDescriptor made = (FileSteps.Fails(_faults, FaultPoint.DmaBuf) ? null : DmaBufCalls.Create(device, buffer.File, buffer.Bytes))
                ?? throw BufferException.LastRefused(Name, "UDMABUF_CREATE");
            FileDescriptor? own = FileSteps.Fails(_faults, FaultPoint.DmaBuf) ? null : MemoryFiles.Duplicate(made);
            if (own is null)
            {
                BufferException refused = BufferException.LastRefused(Name, "fcntl");
                made.Dispose();
                throw refused;
            }

            buffer.DmaBufs.Add(own);
            _dmaBufs++;
            _nextDmaBufLook = NowTicks() + TicksOf(s_safetyNet);
            Doorbell.Ring(_careBell);
            _exports++;
            TellDmaBuf(buffer);
            return made;
        }
    }

    /// <summary>Finds dma-bufs of live buffers that nobody else has any more; those of released ones are looked at with their holders.</summary>
    private void LookAtDmaBufs()
    {
        long now = NowTicks();
        if (_dmaBufs == 0 || now < _nextDmaBufLook)
        {
            return;
        }

        _nextDmaBufLook = now + TicksOf(s_safetyNet);
        foreach (SharedBuffer buffer in _live.All)
        {
            IsInDmaBuf(buffer);
        }
    }

    private FileDescriptor OpenDmaBufDevice()
        => (FileSteps.Fails(_faults, FaultPoint.DmaBuf) ? null : DmaBufCalls.Open()) ?? throw (
            VirtualMemory.LastError is LinuxError.TooManyFiles or LinuxError.TooManyFilesInSystem or LinuxError.OutOfMemory
                ? BufferException.LastRefused(Name, "open")
                : new BufferException(
                    BufferError.NotSupported,
                    $"{Name}: {DmaBufDevice.Path} cannot be opened, so there are no dma-bufs here: load the module udmabuf, or export to importers."));

    /// <summary>Whether anybody has a dma-buf over a buffer. Those that nobody else has end here: the duplicate is what keeps their pages.</summary>
    private bool IsInDmaBuf(SharedBuffer buffer)
    {
        for (int i = buffer.DmaBufs.Count - 1; i >= 0; i--)
        {
            // Where the kernel does not say, somebody has it.
            if (DmaBufCalls.CountHolders(buffer.DmaBufs[i]) == 1)
            {
                buffer.DmaBufs[i].Dispose();
                buffer.DmaBufs.RemoveAt(i);
                _dmaBufs--;
            }
        }

        return buffer.DmaBufs.Count != 0;
    }
}
