using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>
/// <see cref="VirtualMemory"/> on macOS. Only that facade calls it; see there for the contract.
/// Untested: no such machine was at hand.
/// </summary>
[SupportedOSPlatform("macos")]
internal static unsafe class MacMemory
{
    private const int MapPrivate = 0x0002;
    private const int MapFixed = 0x0010;
    private const int MapNoReserve = 0x0040;
    private const int MapAnonymous = 0x1000;

    internal static void* Reserve(nuint bytes, nuint alignment) =>
        UnixReservation.Reserve(bytes, alignment, MapPrivate | MapAnonymous | MapNoReserve);

    internal static bool Commit(void* address, nuint bytes) =>
        LibC.Protect(address, bytes, LibC.ReadAccess | LibC.WriteAccess) == 0;

    // MADV_DONTNEED is a hint here and keeps the contents. A fresh mapping over the old one is the documented way to get
    // zero pages and to give the old ones back.
    internal static bool Decommit(void* address, nuint bytes)
    {
        const int Access = LibC.ReadAccess | LibC.WriteAccess;
        const int Flags = MapPrivate | MapAnonymous | MapNoReserve | MapFixed;
        return LibC.Map(address, bytes, Access, Flags, -1, 0) == address;
    }

    internal static bool Release(void* address, nuint bytes) => LibC.Unmap(address, bytes) == 0;

    internal static MemoryRoom Look()
    {
        long bytes = 0;
        nuint size = sizeof(long);
        return LibC.GetSystemValue("hw.memsize", &bytes, &size, null, 0) == 0 && bytes > 0
            ? new MemoryRoom(bytes, bytes, "hw.memsize", null)
            : MemoryRoom.Unknown;
    }
}
