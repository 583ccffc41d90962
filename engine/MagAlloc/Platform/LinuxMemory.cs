using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary><see cref="VirtualMemory"/> on Linux. Only that facade calls it; see there for the contract.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class LinuxMemory
{
    private const int MapPrivate = 0x02;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int AdviseDontNeed = 4;
    private const int AdviseNoHugePages = 15;

    // Pages asked about in one mincore call: the answer takes a byte a page and lives on the stack.
    private const int ResidencyBatch = 4096;

    /// <summary>
    /// Refuses huge pages for the whole range: the kernel may put 2 MiB behind one touched page, and behind neighbours that were given back, and the books over what
    /// is committed would be worth nothing. Commits, decommits and forks keep the advice.
    /// </summary>
    internal static void* Reserve(nuint bytes, nuint alignment)
    {
        void* address = UnixReservation.Reserve(bytes, alignment, MapPrivate | MapAnonymous | MapNoReserve);
        if (address == null || RefuseHugePages(address, bytes))
        {
            return address;
        }

        // No mapping is left to split: then commits would be refused as well.
        int error = VirtualMemory.LastError;
        _ = Release(address, bytes);
        Marshal.SetLastPInvokeError(error);
        return null;
    }

    /// <returns>False when the system refused. One without huge pages knows no such advice: that is as good.</returns>
    internal static bool RefuseHugePages(void* address, nuint bytes)
        => LibC.Advise(address, bytes, AdviseNoHugePages) == 0 || VirtualMemory.LastError == LibC.InvalidArgument;

    internal static bool Commit(void* address, nuint bytes) =>
        LibC.Protect(address, bytes, LibC.ReadAccess | LibC.WriteAccess) == 0;

    // MADV_DONTNEED rather than MADV_FREE: only the former promises that the next read finds zero, and that the pages
    // leave the process's resident set now, where a limit or a person looks at it.
    internal static bool Decommit(void* address, nuint bytes) => LibC.Advise(address, bytes, AdviseDontNeed) == 0;

    internal static bool Release(void* address, nuint bytes) => LibC.Unmap(address, bytes) == 0;

    internal static long ResidentBytes(void* address, nuint bytes)
    {
        nuint pageSize = VirtualMemory.PageSize;
        byte* answers = stackalloc byte[ResidencyBatch];
        long resident = 0;
        for (nuint offset = 0; offset < bytes; offset += ResidencyBatch * pageSize)
        {
            nuint batch = nuint.Min(bytes - offset, ResidencyBatch * pageSize);
            if (LibC.InCore((byte*)address + offset, batch, answers) != 0)
            {
                return -1;
            }

            for (nuint page = 0; page < batch / pageSize; page++)
            {
                // The low bit is "resident"; the others are reserved.
                resident += answers[page] & 1;
            }
        }

        return resident * (long)pageSize;
    }
}
