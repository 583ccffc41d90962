using System.Runtime.InteropServices;

namespace MagAlloc.Platform;

/// <summary>What <c>statx</c> says of a file; one layout on all architectures, unlike <c>fstat</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    private const int KindMask = 0xF000;
    private const int SocketKind = 0xC000;

    /// <summary>Kind and rights.</summary>
    [FieldOffset(28)]
    public ushort Mode;

    /// <summary>Number of the file in its file system.</summary>
    [FieldOffset(32)]
    public ulong Inode;

    /// <summary>Length in bytes.</summary>
    [FieldOffset(40)]
    public ulong Bytes;

    /// <summary>Memory behind the file, in units of 512 bytes.</summary>
    [FieldOffset(48)]
    public ulong Blocks;

    /// <summary>It is a socket, and no other kind of file.</summary>
    public readonly bool IsSocket => (Mode & KindMask) == SocketKind;

    /// <summary>Memory behind the file, in bytes.</summary>
    public readonly long ResidentBytes => (long)(Blocks * 512);
}
