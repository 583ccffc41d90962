using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>
/// <see cref="VirtualMemory"/> on Windows. Only that facade calls it; see there for the contract.
/// Untested: no such machine was at hand.
/// </summary>
[SupportedOSPlatform("windows")]
internal static unsafe class WindowsMemory
{
    private const uint CommitPages = 0x1000;
    private const uint ReservePages = 0x2000;
    private const uint DecommitPages = 0x4000;
    private const uint ReleasePages = 0x8000;
    private const uint NoAccess = 0x01;
    private const uint ReadWrite = 0x04;
    private const int NotEnoughMemory = 8;

    // VirtualAlloc places every reservation at a multiple of this.
    private const nuint Granularity = 64 * 1024;

    // How often another thread may take the aligned place between our two steps before we give up.
    private const int PlacementAttempts = 64;

    /// <summary>
    /// A reservation cannot be cut as on Unix. A larger one shows where an aligned place is; it is given back and the place
    /// in it reserved. Another thread can come between the two steps, hence the attempts.
    /// </summary>
    internal static void* Reserve(nuint bytes, nuint alignment)
    {
        if (alignment <= Granularity)
        {
            return Kernel32.Allocate(null, bytes, ReservePages, NoAccess);
        }

        if (bytes > nuint.MaxValue - alignment)
        {
            Marshal.SetLastPInvokeError(NotEnoughMemory);
            return null;
        }

        for (int attempt = 0; attempt < PlacementAttempts; attempt++)
        {
            void* probe = Kernel32.Allocate(null, bytes + alignment, ReservePages, NoAccess);
            if (probe == null)
            {
                return null;
            }

            void* aligned = (void*)(((nuint)probe + alignment - 1) & ~(alignment - 1));
            if (!Release(probe))
            {
                return null;
            }

            void* reserved = Kernel32.Allocate(aligned, bytes, ReservePages, NoAccess);
            if (reserved != null)
            {
                return reserved;
            }
        }

        return null;
    }

    internal static bool Commit(void* address, nuint bytes) =>
        Kernel32.Allocate(address, bytes, CommitPages, ReadWrite) != null;

    internal static bool Decommit(void* address, nuint bytes) => Kernel32.Free(address, bytes, DecommitPages) != 0;

    // The size must be zero: Windows releases whole reservations and knows how large they are.
    internal static bool Release(void* address) => Kernel32.Free(address, 0, ReleasePages) != 0;

    internal static MemoryRoom Look()
    {
        MemoryStatus status = new() { Size = (uint)sizeof(MemoryStatus) };
        return Kernel32.GetMemoryStatus(&status) != 0
            ? new MemoryRoom((long)status.FreePageFile, (long)status.PageFile, "the commit limit", null)
            : MemoryRoom.Unknown;
    }
}
