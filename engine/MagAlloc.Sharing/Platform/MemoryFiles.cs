using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using MagAlloc.Platform;

namespace MagAlloc.Sharing.Platform;

/// <summary>Files that exist in memory only (<c>memfd_create</c>): the calls on them, one system call each.</summary>
/// <remarks>
/// <para>Refusals are return values, as in <see cref="VirtualMemory"/>, and <see cref="VirtualMemory.LastError"/> says why. The callers
/// own the order of calls, so that each can be made to fail on its own.</para>
/// <para>Any thread, any time. A file lives until its last description and mapping are gone, whoever has them.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class MemoryFiles
{
    /// <summary>No further seals.</summary>
    internal const int SealSeals = 0x1;

    /// <summary>The file cannot become shorter: no access to its mappings raises SIGBUS for want of a file behind it.</summary>
    internal const int SealShrink = 0x2;

    /// <summary>The file cannot become longer.</summary>
    internal const int SealGrow = 0x4;

    /// <summary>The contents cannot change, not even to holes. Refused while a writable shared mapping exists.</summary>
    internal const int SealWrite = 0x8;

    private const uint CloseOnExec = 0x1;
    private const uint AllowSealing = 0x2;
    private const uint HugeTlb = 0x4;
    private const uint NoExecSeal = 0x8;

    // O_CLOEXEC, O_RDWR and O_NONBLOCK, the same on x64 and arm64.
    private const int OpenCloseOnExec = 0x80000;
    private const int OpenReadWrite = 2;
    private const int OpenNonBlocking = 0x800;
    private const int AccessMask = 3;

    private const int GetFlags = 3;
    private const int SetSignal = 10;
    private const int SetLease = 1024;
    private const int DuplicateCloseOnExec = 1030;
    private const int AddSealsCommand = 1033;
    private const int GetSealsCommand = 1034;
    private const int WriteLock = 1;
    private const int Unlock = 2;

    // Ignored by default, unlike SIGIO, which a lease sends otherwise and which ends a process.
    private const int HarmlessSignal = 23;

    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const int CurrentFolder = -100;

    // All that there is to ask for at first, and the time of birth.
    private const uint StatusMask = 0xfff;
    private const uint OwnerOnly = 0x180;

    private const int LongestName = 200;
    private const int LongestPath = 32;

    // Openings of a file that somebody has a lease on at the moment.
    private const int MostLooks = 200;

    /// <summary>Makes an empty file that may be sealed and is closed on <c>exec</c>.</summary>
    /// <param name="name">Shown by <c>/proc/PID/maps</c> behind <c>memfd:</c>; cut where it is too long. Need not be unique.</param>
    /// <param name="reservedHugePages">Take pages from the pool that the administrator reserved (<c>MFD_HUGETLB</c>).</param>
    /// <returns>Null when the system refused.</returns>
    internal static FileDescriptor? Create(string name, bool reservedHugePages)
    {
        byte* bytes = stackalloc byte[LongestName + 1];
        int length = Encoding.UTF8.GetBytes(name.AsSpan(0, Math.Min(name.Length, LongestName / 3)), new Span<byte>(bytes, LongestName));
        bytes[length] = 0;
        uint flags = CloseOnExec | AllowSealing | (reservedHugePages ? HugeTlb : 0);
        int file = LinuxCalls.CreateMemoryFile(bytes, flags | NoExecSeal);
        if (file < 0 && VirtualMemory.LastError == LinuxError.InvalidArgument)
        {
            // Before Linux 6.3 there is no such flag.
            file = LinuxCalls.CreateMemoryFile(bytes, flags);
        }

        return file < 0 ? null : new FileDescriptor(file);
    }

    /// <summary>Lets only the file's user open it again by its path in <c>/proc</c>; a memory file is made open to all.</summary>
    internal static bool TryRestrict(FileDescriptor file) => LinuxCalls.ChangeMode(file, OwnerOnly) == 0;

    internal static bool TrySetLength(FileDescriptor file, long bytes) => Retry(file, bytes, static (f, b) => LinuxCalls.SetLength(f, b));

    /// <summary>Puts memory behind all of the file, so that a shortage appears here and not at the first touch.</summary>
    internal static bool TryAllocate(FileDescriptor file, long bytes) => Retry(file, bytes, static (f, b) => LinuxCalls.Allocate(f, 0, 0, b));

    /// <summary>Drops the memory behind all of the file; its length stays, its contents read as zero, for every holder.</summary>
    internal static bool TryPunch(FileDescriptor file, long bytes)
        => Retry(file, bytes, static (f, b) => LinuxCalls.Allocate(f, PunchHole | KeepSize, 0, b));

    internal static bool TryAddSeals(FileDescriptor file, int seals) => LinuxCalls.Control(file, AddSealsCommand, seals) == 0;

    /// <returns>The seals, or -1: this is no file in memory, or one without seals.</returns>
    internal static int SealsOf(FileDescriptor file) => LinuxCalls.Control(file, GetSealsCommand, 0);

    /// <returns>Whether the description may write, or null when the system refused to tell.</returns>
    internal static bool? IsWritable(FileDescriptor file)
    {
        int flags = LinuxCalls.Control(file, GetFlags, 0);
        return flags < 0 ? null : (flags & AccessMask) != 0;
    }

    /// <summary>
    /// A new description of the same file, with an access mode of its own: what is not the same as a duplicate. It hardly waits: a lease that is
    /// being asked on another thread (<see cref="AskLease"/>) is given back at once, and a few looks later the file can be opened. Who else has the
    /// file may hold a lease for longer, which a waiting opening breaks only after a time that the administrator sets (45 s): here it is refused
    /// with <see cref="LinuxError.TryAgain"/>.
    /// </summary>
    /// <returns>Null when the system refused; there may be no <c>/proc</c>.</returns>
    internal static FileDescriptor? Reopen(FileDescriptor file, bool writable)
    {
        byte* path = stackalloc byte[LongestPath];
        bool added = false;
        try
        {
            file.DangerousAddRef(ref added);
            WritePath(file, path);
            int flags = OpenCloseOnExec | OpenNonBlocking | (writable ? OpenReadWrite : 0);
            int opened = LibC.Open(path, flags, 0);
            for (int look = 0; opened < 0 && look < MostLooks && VirtualMemory.LastError == LinuxError.TryAgain; look++)
            {
                // Not a sleep: that could be interrupted.
                Thread.Yield();
                opened = LibC.Open(path, flags, 0);
            }

            return opened < 0 ? null : new FileDescriptor(opened);
        }
        finally
        {
            if (added)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Another descriptor of the same description.</summary>
    internal static FileDescriptor? Duplicate(FileDescriptor file)
    {
        int number = LinuxCalls.Control(file, DuplicateCloseOnExec, 0);
        return number < 0 ? null : new FileDescriptor(number);
    }

    internal static bool TryGetStatus(FileDescriptor file, out FileStatus status)
    {
        byte nothing = 0;
        fixed (FileStatus* into = &status)
        {
            return LinuxCalls.GetStatus(file, &nothing, EmptyPath, StatusMask, into) == 0;
        }
    }

    /// <summary>The same of what a path leads to, without opening it; another process's descriptor, for one.</summary>
    internal static bool TryGetStatus(string path, out FileStatus status) => TryGetStatus(path, 0, out status);

    /// <summary>The same of what is at a path itself, a link included.</summary>
    internal static bool TryGetStatusAt(string path, out FileStatus status) => TryGetStatus(path, NoFollow, out status);

    /// <summary>The unit in which the file can be mapped: a mapping of a part of a huge page covers all of it, whatever lies behind.</summary>
    /// <returns>0 when the system refused to tell.</returns>
    internal static long PageBytesOf(FileDescriptor file)
    {
        FileSystemStatus status;
        return LinuxCalls.GetFileSystem(file, &status) != 0 ? 0 : status.IsOfReservedHugePages ? status.BlockBytes : Environment.SystemPageSize;
    }

    /// <summary>
    /// Whether another opened description of the file is alive: as a descriptor anywhere, a mapping, or a message that nobody has read.
    /// Asked by taking a write lease, which the kernel grants to the only one, and giving it back at once.
    /// </summary>
    /// <param name="description">From <see cref="Reopen"/> for writing, and never duplicated or sent.</param>
    internal static LeaseAnswer AskLease(FileDescriptor description)
    {
        // Each time: giving a lease back resets the signal, and then whoever opens the file in the middle of the next question ends this process.
        if (LinuxCalls.Control(description, SetSignal, HarmlessSignal) != 0)
        {
            return LeaseAnswer.Refused;
        }

        if (LinuxCalls.Control(description, SetLease, WriteLock) == 0)
        {
            _ = LinuxCalls.Control(description, SetLease, Unlock);
            return LeaseAnswer.Free;
        }

        return VirtualMemory.LastError == LinuxError.TryAgain ? LeaseAnswer.Held : LeaseAnswer.Refused;
    }

    /// <summary>Reads without touching pages: a hole stays a hole, and a file that was cut off gives fewer bytes instead of a signal.</summary>
    /// <returns>Bytes read, or -1.</returns>
    internal static long Read(FileDescriptor file, long offset, Span<byte> into)
    {
        int total = 0;
        fixed (byte* start = into)
        {
            while (total < into.Length)
            {
                nint got = LinuxCalls.ReadAt(file, start + total, (nuint)(into.Length - total), offset + total);
                if (got < 0 && VirtualMemory.LastError == LinuxError.Interrupted)
                {
                    continue;
                }

                if (got <= 0)
                {
                    return got < 0 ? -1 : total;
                }

                total += (int)got;
            }
        }

        return total;
    }

    /// <summary>The descriptors that the process may have open, or <see cref="long.MaxValue"/> where the system does not say.</summary>
    internal static long DescriptorLimit()
    {
        const int OpenFiles = 7;
        ulong* limits = stackalloc ulong[2];
        return LibC.GetLimit(OpenFiles, limits) == 0 && limits[0] < long.MaxValue ? (long)limits[0] : long.MaxValue;
    }

    internal static void WritePath(FileDescriptor file, byte* path)
    {
        Span<byte> into = new(path, LongestPath);
        "/proc/self/fd/"u8.CopyTo(into);
        int length = "/proc/self/fd/"u8.Length;
        file.Number.TryFormat(into[length..], out int digits, default, CultureInfo.InvariantCulture);
        into[length + digits] = 0;
    }

    private static bool TryGetStatus(string path, int flags, out FileStatus status)
    {
        fixed (FileStatus* into = &status)
        {
            return LinuxCalls.GetStatus(CurrentFolder, path, flags, StatusMask, into) == 0;
        }
    }

    /// <summary>A signal may interrupt what takes long; nothing of it has happened then.</summary>
    private static bool Retry(FileDescriptor file, long bytes, Func<FileDescriptor, long, int> call)
    {
        while (call(file, bytes) != 0)
        {
            if (VirtualMemory.LastError != LinuxError.Interrupted)
            {
                return false;
            }
        }

        return true;
    }
}
