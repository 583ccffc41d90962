using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Platform;

namespace MagAlloc.Sharing.Platform;

/// <summary>Mappings of files. Refusals are return values; <see cref="VirtualMemory.LastError"/> says why.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class FileMapping
{
    private const int MapShared = 0x01;
    private const int MapPrivate = 0x02;
    private const int MapFixed = 0x10;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;

    private const int AdviseHugePages = 14;
    private const int AdviseCollapse = 25;

    /// <summary>Maps a whole file from its start, shared with all who map it.</summary>
    /// <param name="file">Opened for what is asked for.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="writable">For writing, too.</param>
    /// <param name="alignment">Of the mapping: the size of its pages, or huge ones cannot be used.</param>
    /// <returns>Null when the system refused.</returns>
    internal static byte* Map(FileDescriptor file, nuint bytes, bool writable, nuint alignment)
    {
        int protection = LibC.ReadAccess | (writable ? LibC.WriteAccess : 0);
        if (alignment <= VirtualMemory.PageSize)
        {
            byte* small = Checked(LinuxCalls.Map(null, bytes, protection, MapShared, file, 0));
            if (small != null)
            {
                // Nobody asked for huge pages; where that is refused, the pages are the file's all the same, and what is filled up front stays as it is.
                _ = LinuxMemory.RefuseHugePages(small, bytes);
            }

            return small;
        }

        void* place = VirtualMemory.Reserve(bytes, alignment);
        if (place == null)
        {
            return null;
        }

        byte* mapping = Checked(LinuxCalls.Map(place, bytes, protection, MapShared | MapFixed, file, 0));
        if (mapping == null)
        {
            int error = VirtualMemory.LastError;
            VirtualMemory.Release(place, bytes);
            Marshal.SetLastPInvokeError(error);
        }

        return mapping;
    }

    /// <summary>Maps a file for writing, shared, where a mapping was.</summary>
    internal static bool TryMapAt(byte* mapping, nuint bytes, FileDescriptor file)
        => LinuxCalls.Map(mapping, bytes, LibC.ReadAccess | LibC.WriteAccess, MapShared | MapFixed, file, 0) != LibC.MapFailed;

    /// <summary>Takes a mapping's pages away and keeps its addresses: a touch is a crash until they are mapped again.</summary>
    internal static bool TryVacate(byte* mapping, nuint bytes)
        => LibC.Map(mapping, bytes, LibC.NoAccess, MapPrivate | MapAnonymous | MapFixed, -1, 0) != LibC.MapFailed;

    /// <summary>
    /// Maps a file read-only where a mapping was. Private, because older kernels refuse every shared mapping of a write-sealed file; of a file
    /// that cannot change it is the same, and takes no pages, for which none are reserved either.
    /// </summary>
    internal static bool TryMapReadOnlyAt(byte* mapping, nuint bytes, FileDescriptor file)
        => LinuxCalls.Map(mapping, bytes, LibC.ReadAccess, MapPrivate | MapNoReserve | MapFixed, file, 0) != LibC.MapFailed;

    internal static bool TryUnmap(byte* mapping, nuint bytes) => LibC.Unmap(mapping, bytes) == 0;

    /// <summary>Has the pages under a mapping, which are in memory, made huge ones where they lie right.</summary>
    /// <returns>False where the kernel cannot, or has no huge page to spare.</returns>
    internal static bool TryCollapse(byte* mapping, nuint bytes)
    {
        _ = LibC.Advise(mapping, bytes, AdviseHugePages);
        return LibC.Advise(mapping, bytes, AdviseCollapse) == 0;
    }

    private static byte* Checked(void* mapping) => mapping == LibC.MapFailed ? null : (byte*)mapping;
}
