using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>A memory file and what tests do with it.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class MemoryFile
{
    /// <summary>Not the engine's: it forbids the owner's punching as well.</summary>
    public const int SealFutureWrite = 0x10;

    public const int Pages = 4;

    public static long Bytes => Pages * Environment.SystemPageSize;

    /// <summary>A file with memory behind all of it, and with seals.</summary>
    public static FileDescriptor Create(int seals = 0)
    {
        FileDescriptor file = MemoryFiles.Create("test", reservedHugePages: false)!;
        Assert.That(
            MemoryFiles.TrySetLength(file, Bytes) && MemoryFiles.TryAllocate(file, Bytes) && (seals == 0 || MemoryFiles.TryAddSeals(file, seals)),
            Is.True,
            "the file could not be made");
        return file;
    }

    /// <summary>A description of its own, as importers get them.</summary>
    public static FileDescriptor Reopen(FileDescriptor file, bool writable = false)
        => MemoryFiles.Reopen(file, writable) ?? throw new AssertionException("the file could not be opened again");

    public static byte* Map(FileDescriptor file, bool writable = false)
    {
        byte* mapping = FileMapping.Map(file, (nuint)Bytes, writable, 0);
        Assert.That(mapping != null, Is.True, "the file could not be mapped");
        return mapping;
    }

    public static void Unmap(byte* mapping) => Assert.That(FileMapping.TryUnmap(mapping, (nuint)Bytes), Is.True);

    public static long Resident(FileDescriptor file)
    {
        Assert.That(MemoryFiles.TryGetStatus(file, out FileStatus status), Is.True);
        return status.ResidentBytes;
    }

    public static ulong Inode(FileDescriptor file)
    {
        Assert.That(MemoryFiles.TryGetStatus(file, out FileStatus status), Is.True);
        return status.Inode;
    }

    /// <summary>0, or the error number of a call that returned whether it was granted.</summary>
    public static int ErrorOf(bool granted) => granted ? 0 : VirtualMemory.LastError;
}
