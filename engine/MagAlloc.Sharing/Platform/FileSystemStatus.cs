using System.Runtime.InteropServices;

namespace MagAlloc.Sharing.Platform;

/// <summary>What <c>fstatfs</c> says of the file system that a file is in, as 64-bit systems lay it out.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileSystemStatus
{
    private const uint HugeTlb = 0x958458f6;

    /// <summary>The file system's magic number.</summary>
    [FieldOffset(0)]
    public long Type;

    /// <summary>Bytes of a block; in a file system of huge pages, of a page.</summary>
    [FieldOffset(8)]
    public long BlockBytes;

    /// <summary>Its files consist of huge pages out of the administrator's pool.</summary>
    public readonly bool IsOfReservedHugePages => (uint)Type == HugeTlb;
}
