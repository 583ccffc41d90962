using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>The fallible steps on memory files, each one system call behind one fault point.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class FileSteps
{
    /// <summary>A plan's failure looks like the system's.</summary>
    public static bool Fails(FaultPlan? faults, FaultPoint point)
    {
        if (!FaultPlan.Fails(faults, point))
        {
            return false;
        }

        Marshal.SetLastPInvokeError(LinuxError.OutOfMemory);
        return true;
    }

    /// <summary>A memory file that only this user can open again.</summary>
    public static FileDescriptor Create(string owner, string name, bool reservedHugePages, FaultPlan? faults)
    {
        FileDescriptor? file = Fails(faults, FaultPoint.MemoryFile) ? null : MemoryFiles.Create(name, reservedHugePages);
        if (file is null)
        {
            throw BufferException.LastRefused(owner, "memfd_create");
        }

        if (Fails(faults, FaultPoint.MemoryFile) || !MemoryFiles.TryRestrict(file))
        {
            BufferException refused = BufferException.LastRefused(owner, "fchmod");
            file.Dispose();
            throw refused;
        }

        return file;
    }

    public static void SetLength(string owner, FileDescriptor file, long bytes, FaultPlan? faults)
    {
        if (Fails(faults, FaultPoint.FileLength) || !MemoryFiles.TrySetLength(file, bytes))
        {
            throw BufferException.LastRefused(owner, "ftruncate");
        }
    }

    /// <summary>Memory behind all of the file, now: a shortage shall be an exception here, not a signal at a touch.</summary>
    public static void Fill(string owner, FileDescriptor file, long bytes, FaultPlan? faults)
    {
        if (Fails(faults, FaultPoint.FileLength) || !MemoryFiles.TryAllocate(file, bytes))
        {
            // A file system says that it has no space; this one is memory.
            throw VirtualMemory.LastError == LinuxError.NoSpace
                ? BufferException.Refused(owner, "fallocate", LinuxError.OutOfMemory)
                : BufferException.LastRefused(owner, "fallocate");
        }
    }

    public static void Seal(string owner, FileDescriptor file, int seals, FaultPlan? faults)
    {
        if (Fails(faults, FaultPoint.FileSeal) || !MemoryFiles.TryAddSeals(file, seals))
        {
            throw BufferException.LastRefused(owner, "F_ADD_SEALS");
        }
    }

    public static FileDescriptor Reopen(string owner, FileDescriptor file, bool writable, FaultPlan? faults)
        => (Fails(faults, FaultPoint.FileOpen) ? null : MemoryFiles.Reopen(file, writable)) ?? throw BufferException.LastRefused(owner, "open");

    public static byte* Map(string owner, FileDescriptor file, nuint bytes, bool writable, FaultPlan? faults, long alignment = 0)
    {
        byte* mapping = Fails(faults, FaultPoint.FileMap) ? null : FileMapping.Map(file, bytes, writable, (nuint)alignment);
        return mapping != null ? mapping : throw BufferException.LastRefused(owner, "mmap");
    }
}
