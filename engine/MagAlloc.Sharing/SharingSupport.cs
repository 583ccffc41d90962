using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>What a queue needs of this system, found out by trying it on a file of its own.</summary>
/// <remarks>
/// That a lease is refused while others hold a memory file follows from how the kernel is made, not from a promise. So
/// each queue tries it, and none is made where nobody can know who holds a buffer.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static class SharingSupport
{
    /// <exception cref="BufferException">There are no memory files here, they cannot be opened again, or leases tell
    /// nothing of who holds them.</exception>
    public static void Require(string queue, FaultPlan? faults)
    {
        using FileDescriptor file = FileSteps.Create(queue, "probe", reservedHugePages: false, faults);
        using FileDescriptor oracle = Reopen(queue, file, writable: true, faults);
        Require(queue, oracle, LeaseAnswer.Free, faults);
        using FileDescriptor other = Reopen(queue, file, writable: false, faults);
        Require(queue, oracle, LeaseAnswer.Held, faults);
    }

    private static FileDescriptor Reopen(string queue, FileDescriptor file, bool writable, FaultPlan? faults)
    {
        try
        {
            return FileSteps.Reopen(queue, file, writable, faults);
        }
        catch (BufferException) when (VirtualMemory.LastError == LinuxError.NoSuchFile)
        {
            throw new BufferException(BufferError.NotSupported, $"{queue}: there is no /proc here, through which memory files are opened again; mount it.");
        }
    }

    private static void Require(string queue, FileDescriptor oracle, LeaseAnswer wanted, FaultPlan? faults)
    {
        if (FileSteps.Fails(faults, FaultPoint.FileLease) || MemoryFiles.AskLease(oracle) != wanted)
        {
            throw new BufferException(
                BufferError.NotSupported, $"{queue}: this system's leases (fcntl F_SETLEASE) do not tell who holds a memory file, so no buffer could be known to be free.");
        }
    }
}
