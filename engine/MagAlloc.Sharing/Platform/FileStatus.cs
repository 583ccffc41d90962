using System.Runtime.InteropServices;

namespace MagAlloc.Sharing.Platform;

/// <summary>What <c>statx</c> says of a file; one layout on all architectures, unlike <c>fstat</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    private const int KindMask = 0xF000;
    private const int SocketKind = 0xC000;
    private const int RegularKind = 0x8000;

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

    /// <summary>When the file was made, in seconds; 0 where the file system does not keep it.</summary>
    [FieldOffset(80)]
    public long BornSeconds;

    /// <summary>The fraction of that second.</summary>
    [FieldOffset(88)]
    public uint BornNanoseconds;

    /// <summary>The file system.</summary>
    [FieldOffset(136)]
    public ulong Device;

    /// <summary>It is a socket, and no other kind of file.</summary>
    public readonly bool IsSocket => (Mode & KindMask) == SocketKind;

    /// <summary>It is a file with contents of its own, and no device, folder or pipe.</summary>
    public readonly bool IsRegular => (Mode & KindMask) == RegularKind;

    /// <summary>It is a plain file, with nothing in it.</summary>
    public readonly bool IsEmptyFile => IsRegular && Bytes == 0;

    /// <summary>Which file it is, of all that there are and were: the number of one that is gone is soon another's.</summary>
    public readonly (ulong Device, ulong Inode, long Seconds, uint Nanoseconds) Identity => (Device, Inode, BornSeconds, BornNanoseconds);

    /// <summary>Memory behind the file, in bytes.</summary>
    public readonly long ResidentBytes => (long)(Blocks * 512);
}
