using System.Runtime.InteropServices;

namespace MagAlloc.Platform;

/// <summary>What <c>statx</c> says of a file; one layout on all architectures, unlike <c>fstat</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    /// <summary>Number of the file in its file system.</summary>
    [FieldOffset(32)]
    public ulong Inode;

    /// <summary>Length in bytes.</summary>
    [FieldOffset(40)]
    public ulong Bytes;

    /// <summary>Memory behind the file, in units of 512 bytes.</summary>
    [FieldOffset(48)]
    public ulong Blocks;

    /// <summary>Memory behind the file, in bytes.</summary>
    public readonly long ResidentBytes => (long)(Blocks * 512);
}
