using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace MagAlloc.Platform;

/// <summary>The process's address space: reserve, commit, decommit, release.</summary>
/// <remarks>
/// <para>A range is <em>reserved</em> (addresses only; a touch is a crash), then parts of it are <em>committed</em> (readable and
/// writable, zero until written), <em>decommitted</em> (physical pages go back, contents are lost), and in the end the whole
/// range is <em>released</em>. No bookkeeping is kept here: the caller remembers what it reserved.</para>
/// <para>Any thread may call any member at any time; the kernel orders them. Two threads that change the same pages at once get
/// one of the two results, so the owner of a range must see to it that a page has one owner at a time.</para>
/// <para>A refusal is a return value, never an exception: what it means (out of memory, a limit) is for the caller to say.
/// Addresses and sizes are whole pages. An operating system other than Linux, Windows and macOS is refused with a
/// <see cref="PlatformNotSupportedException"/>.</para>
/// </remarks>
internal static unsafe class VirtualMemory
{
    // Two stacks of the default size. With less left the runtime itself is in want.
    private const nuint RoomForOthers = 16 << 20;

    /// <summary>The size of a page in bytes: the grain of every other member.</summary>
    internal static nuint PageSize => (nuint)Environment.SystemPageSize;

    /// <summary>
    /// True where decommitted pages may be touched again at once and read as zero (Linux, macOS); false where they must be
    /// committed first (Windows).
    /// </summary>
    internal static bool DecommitKeepsAccess => !OperatingSystem.IsWindows();

    /// <summary>
    /// True where a part of a reservation can be released by itself (Linux, macOS); false where only the whole can (Windows).
    /// </summary>
    internal static bool ReleasesParts => !OperatingSystem.IsWindows();

    /// <summary>
    /// The system's error number of this thread's last refused call. Ask right after the refusal: the next call of any kind
    /// overwrites it.
    /// </summary>
    internal static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>
    /// Reserves, aligned as well as there is room for: what an alignment takes beside the bytes themselves is given back at once, but a process with a limit
    /// on its addresses has to have it.
    /// </summary>
    internal static void* Reserve(nuint bytes, nuint best, nuint least, out nuint alignment)
    {
        for (alignment = best; ; alignment /= 2)
        {
            void* reservation = Reserve(bytes, alignment);
            if (reservation != null || alignment <= least)
            {
                return reservation;
            }
        }
    }

    /// <summary>Reserves address space that no other mapping will get. Costs no memory.</summary>
    /// <param name="bytes">Whole pages.</param>
    /// <param name="alignment">A power of two; the result is a multiple of it and of the page size.</param>
    /// <returns>The first address, or null when the system refused.</returns>
    internal static void* Reserve(nuint bytes, nuint alignment)
    {
        Debug.Assert(bytes != 0 && bytes % PageSize == 0, "whole pages only");
        Debug.Assert(BitOperations.IsPow2(alignment), "the alignment is a power of two");
        void* address = OperatingSystem.IsLinux() ? LinuxMemory.Reserve(bytes, alignment)
            : OperatingSystem.IsWindows() ? WindowsMemory.Reserve(bytes, alignment)
            : OperatingSystem.IsMacOS() ? MacMemory.Reserve(bytes, alignment)
            : throw Unsupported();
        if (address == null)
        {
            Refusal.Note(RefusalKind.System);
        }

        return address;
    }

    /// <summary>
    /// The next size to try where a reservation was refused: the largest half, quarter, eighth of it that leaves more than as much again to others, for
    /// stacks, code and the next one who asks are in the same straits. The least leaves as much again.
    /// </summary>
    /// <param name="bytes">What was refused; becomes what to try.</param>
    /// <param name="least">Less is of no use.</param>
    /// <returns>False when there is not even room for the least.</returns>
    internal static bool TryShrink(ref nuint bytes, nuint least)
    {
        while (bytes > least)
        {
            bytes = nuint.Max(bytes / 2, least);
            nuint wanted = (bytes * 2) + (bytes == least ? 0 : RoomForOthers);
            void* probe = Reserve(wanted, PageSize);
            if (probe != null)
            {
                Release(probe, wanted);
                return true;
            }
        }

        return false;
    }

    /// <summary>Makes reserved pages readable and writable. Pages that already are keep their contents.</summary>
    /// <returns>False when the system refused (it is out of memory or mappings); the pages must then not be touched.</returns>
    internal static bool Commit(void* address, nuint bytes)
    {
        AssertPages(address, bytes);
        bool done = OperatingSystem.IsLinux() ? LinuxMemory.Commit(address, bytes)
            : OperatingSystem.IsWindows() ? WindowsMemory.Commit(address, bytes)
            : OperatingSystem.IsMacOS() ? MacMemory.Commit(address, bytes)
            : throw Unsupported();
        if (!done)
        {
            Refusal.Note(RefusalKind.System);
        }

        return done;
    }

    /// <summary>
    /// Gives the physical pages back; the contents become zero. Whether the pages may be touched before the next
    /// <see cref="Commit"/> is told by <see cref="DecommitKeepsAccess"/>.
    /// </summary>
    /// <returns>False when the system refused; the pages then still hold their old contents.</returns>
    internal static bool Decommit(void* address, nuint bytes)
    {
        AssertPages(address, bytes);
        return OperatingSystem.IsLinux() ? LinuxMemory.Decommit(address, bytes)
            : OperatingSystem.IsWindows() ? WindowsMemory.Decommit(address, bytes)
            : OperatingSystem.IsMacOS() ? MacMemory.Decommit(address, bytes)
            : throw Unsupported();
    }

    /// <summary>
    /// Makes the contents of committed pages zero, giving the physical pages back where that is possible. On every system
    /// the pages stay committed.
    /// </summary>
    /// <returns>Always true: where the system cannot drop the pages, they are cleared.</returns>
    internal static bool Discard(void* address, nuint bytes)
    {
        AssertPages(address, bytes);
        if (!DecommitKeepsAccess || !Decommit(address, bytes))
        {
            NativeMemory.Clear(address, bytes);
        }

        return true;
    }

    /// <summary>
    /// Gives a reserved range back, whatever parts of it are committed. It is the whole of one reservation or, where
    /// <see cref="ReleasesParts"/>, any part of one.
    /// </summary>
    /// <returns>False when the system refused, which it does only to a part, for want of mappings; the range is mapped as before.</returns>
    internal static bool Release(void* address, nuint bytes)
    {
        // munmap accepts address 0 in silence; a release of what was never reserved is the caller's defect.
        ArgumentNullException.ThrowIfNull(address);
        AssertPages(address, bytes);
        return OperatingSystem.IsLinux() ? LinuxMemory.Release(address, bytes)
            : OperatingSystem.IsWindows() ? WindowsMemory.Release(address)
            : OperatingSystem.IsMacOS() ? MacMemory.Release(address, bytes)
            : throw Unsupported();
    }

    /// <summary>How many bytes of a range are in physical memory right now. For tests and diagnostics: it asks the kernel about every page.</summary>
    /// <returns>The bytes, or -1 where the system does not tell.</returns>
    internal static long ResidentBytes(void* address, nuint bytes)
    {
        AssertPages(address, bytes);
        return OperatingSystem.IsLinux() ? LinuxMemory.ResidentBytes(address, bytes) : -1;
    }

    private static PlatformNotSupportedException Unsupported() =>
        new("MagAlloc reserves memory on Linux, Windows and macOS only.");

    [Conditional("DEBUG")]
    private static void AssertPages(void* address, nuint bytes)
    {
        Debug.Assert(address != null && (nuint)address % PageSize == 0, "the address starts a page");
        Debug.Assert(bytes != 0 && bytes % PageSize == 0, "whole pages only");
    }
}
