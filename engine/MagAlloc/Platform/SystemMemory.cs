using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>How much memory this process can still have, and which limit leaves it: the one place that asks the system.</summary>
/// <remarks>
/// <para><b>Linux:</b> the least of what the machine has left (<c>MemAvailable</c> and free swap) and what each memory control group leaves, from the process's own up to
/// the highest that it can see, of version 1 or 2. Limits that the kernel answers for by refusing a call are not among them: address space
/// (<c>RLIMIT_AS</c>), data (<c>RLIMIT_DATA</c>) and strict overcommit fail a reservation or a commit; these here end processes instead.
/// <b>Windows</b> refuses every commit that it cannot keep: the page file's rest, for messages. <b>macOS</b> swaps to its disk without a bound: the machine's
/// memory. Both untested: no such machine was at hand.</para>
/// <para>Any thread. Nothing here throws, and nothing allocates managed memory but the first look and the first in another group. A look costs some 60 µs: who asks
/// often keeps the answer for a while. What cannot be read says nothing: then no limit is known.</para>
/// </remarks>
internal sealed class SystemMemory
{
    private const int FileBytes = 8192;

    private readonly string _root;
    private readonly ProcFile? _machine;
    private readonly ProcFile? _process;
    private readonly ProcFile? _membership;
    private ControlGroupPath? _path;

    /// <param name="root">Where <c>/proc</c> and <c>/sys</c> are looked for; empty but in tests.</param>
    internal SystemMemory(string root)
    {
        _root = root;
        if (OperatingSystem.IsLinux())
        {
            _machine = new ProcFile(root + "/proc/meminfo");
            _process = new ProcFile(root + "/proc/self/statm");
            _membership = new ProcFile(root + "/proc/self/cgroup");
        }
    }

    /// <summary>This machine's.</summary>
    internal static SystemMemory Instance { get; } = new("");

    /// <summary>Asks anew.</summary>
    internal MemoryRoom Look()
    {
        if (OperatingSystem.IsLinux())
        {
            Span<byte> buffer = stackalloc byte[FileBytes];
            ReadOnlySpan<byte> text = _machine!.Read(buffer);
            long swap = Math.Max(0, ProcFile.NumberOf(text, "SwapFree:"u8)) << 10;
            long available = ProcFile.NumberOf(text, "MemAvailable:"u8);
            long total = ProcFile.NumberOf(text, "MemTotal:"u8);
            ControlGroup[] groups = Groups();
            foreach (ControlGroup group in groups)
            {
                // A group without a limit on its memory may still be denied the swap.
                swap = group.Swap(swap);
            }

            MemoryRoom room = available < 0
                ? MemoryRoom.Unknown
                : new MemoryRoom((available << 10) + swap, Math.Max(available, total) << 10, "MemAvailable and SwapFree", null);
            foreach (ControlGroup group in groups)
            {
                room = room.Tighter(group.Look(swap));
            }

            return room;
        }

        return OperatingSystem.IsWindows() ? WindowsMemory.Look()
            : OperatingSystem.IsMacOS() ? MacMemory.Look()
            : MemoryRoom.Unknown;
    }

    /// <summary>The least limit that is set on a container of this process's; where none is, the machine's memory.</summary>
    /// <returns>Bytes; 0 where nobody says.</returns>
    internal long ContainerBytes()
    {
        if (!OperatingSystem.IsLinux())
        {
            return Math.Max(0, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        }

        Span<byte> buffer = stackalloc byte[FileBytes];
        long least = ProcFile.NumberOf(_machine!.Read(buffer), "MemTotal:"u8);
        least = least < 0 ? MemoryRoom.Unbounded : least << 10;
        foreach (ControlGroup group in Groups())
        {
            least = Math.Min(least, group.LimitBytes());
        }

        return least == MemoryRoom.Unbounded ? 0 : least;
    }

    /// <summary>Physical memory behind what this process has made accessible, files and the garbage collector's heap excepted.</summary>
    /// <returns>Bytes; 0 where nobody says.</returns>
    internal long TouchedBytes()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        // size resident shared …, in pages.
        Span<byte> buffer = stackalloc byte[256];
        ReadOnlySpan<byte> text = _process!.Read(buffer);
        text = text[(text.IndexOf((byte)' ') + 1)..];
        long resident = ProcFile.Number(text);
        long shared = ProcFile.Number(text[(text.IndexOf((byte)' ') + 1)..]);
        return resident < 0 || shared < 0 ? 0 : Math.Max(0, ((resident - shared) * Environment.SystemPageSize) - GC.GetTotalMemory(forceFullCollection: false));
    }

    /// <summary>The limits that the kernel answers for itself, by refusing calls, as far as any is set. For messages: allocates.</summary>
    internal unsafe string DescribeRefusals()
    {
        List<string> limits = [];
        if (OperatingSystem.IsLinux())
        {
            // The numbers are the same on x64 and arm64.
            ulong* softAndHard = stackalloc ulong[2];
            foreach ((int number, string name) in new[] { (9, "RLIMIT_AS"), (2, "RLIMIT_DATA") })
            {
                if (LibC.GetLimit(number, softAndHard) == 0 && softAndHard[0] <= long.MaxValue)
                {
                    limits.Add($"{name} is {softAndHard[0]} bytes");
                }
            }

            if (new ProcFile(_root + "/proc/sys/vm/overcommit_memory").ReadNumber() == 2)
            {
                Span<byte> buffer = stackalloc byte[FileBytes];
                ReadOnlySpan<byte> text = _machine!.Read(buffer);
                limits.Add($"of CommitLimit {Math.Max(0, ProcFile.NumberOf(text, "CommitLimit:"u8) - ProcFile.NumberOf(text, "Committed_AS:"u8)) << 10} bytes are left");
            }
        }

        return limits.Count == 0 ? "no limit is known" : string.Join(", ", limits);
    }

    [SupportedOSPlatform("linux")]
    private ControlGroup[] Groups()
    {
        Span<byte> buffer = stackalloc byte[FileBytes];
        ReadOnlySpan<byte> membership = _membership!.Read(buffer);
        if (membership.IsEmpty)
        {
            return [];
        }

        ControlGroupPath? path = _path;
        if (path is not null && path.IsOf(membership))
        {
            return path.Groups;
        }

        try
        {
            path = ControlGroupPath.Read(_root, membership, File.ReadLines(_root + "/proc/self/mountinfo"));
            _path = path;
            return path.Groups;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            return [];
        }
    }
}
