using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>One memory control group of Linux, of version 1 or 2, and what it leaves to those who are in it.</summary>
/// <remarks>
/// Clean pages of files are charged to a group as well, and go first when it is full: they count as free. So does the swap that the group may still use. A group's
/// soft bound (<c>memory.high</c>) counts like its limit: beyond it the kernel slows whoever allocates down to nothing, which is no better than a refusal.
/// </remarks>
/// <param name="name">In messages.</param>
/// <param name="folder">Where its files are.</param>
/// <param name="isVersion2">Of which version.</param>
[SupportedOSPlatform("linux")]
internal sealed class ControlGroup(string name, string folder, bool isVersion2)
{
    private const int StatisticsBytes = 8192;

    // What version 1 says where there is no limit: the largest number, in whole pages.
    private const long NoLimit = long.MaxValue / 2;

    private readonly bool _isVersion2 = isVersion2;
    private readonly string _name = name;
    private readonly ProcFile _most = new ProcFile(folder + (isVersion2 ? "/memory.max" : "/memory.limit_in_bytes"));
    private readonly ProcFile _high = new ProcFile(folder + "/memory.high");
    private readonly ProcFile _used = new ProcFile(folder + (isVersion2 ? "/memory.current" : "/memory.usage_in_bytes"));
    private readonly ProcFile _swapMost = new ProcFile(folder + (isVersion2 ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes"));
    private readonly ProcFile _swapUsed = new ProcFile(folder + (isVersion2 ? "/memory.swap.current" : "/memory.memsw.usage_in_bytes"));
    private readonly ProcFile _statistics = new ProcFile(folder + "/memory.stat");

    private string LimitName => _isVersion2 ? "memory.max" : "memory.limit_in_bytes";

    /// <summary>What is set on the group; <see cref="MemoryRoom.Unbounded"/>: nothing.</summary>
    internal long LimitBytes()
    {
        long most = Bounded(_most.ReadNumber());
        return _isVersion2 ? Math.Min(most, Bounded(_high.ReadNumber())) : most;
    }

    /// <summary>What of some free swap those in the group may use.</summary>
    /// <param name="freeSwap">Bytes that the machine, and the groups above or below, leave.</param>
    internal long Swap(long freeSwap) => _isVersion2 && freeSwap != 0
        ? Math.Min(freeSwap, Math.Max(0, Bounded(_swapMost.ReadNumber()) - NotNegative(_swapUsed.ReadNumber())))
        : freeSwap;

    /// <param name="swap">What of the swap is left to the process: the least that any of its groups allows.</param>
    internal MemoryRoom Look(long swap)
    {
        long most = Bounded(_most.ReadNumber());
        long high = _isVersion2 ? Bounded(_high.ReadNumber()) : MemoryRoom.Unbounded;
        long both = _isVersion2 ? MemoryRoom.Unbounded : Bounded(_swapMost.ReadNumber());
        if (Math.Min(Math.Min(most, high), both) == MemoryRoom.Unbounded)
        {
            return MemoryRoom.Unknown;
        }

        long used = Math.Max(0, _used.ReadNumber());
        Span<byte> buffer = stackalloc byte[StatisticsBytes];
        ReadOnlySpan<byte> statistics = _statistics.Read(buffer);
        long files = _isVersion2
            ? NotNegative(ProcFile.NumberOf(statistics, "inactive_file"u8)) + NotNegative(ProcFile.NumberOf(statistics, "active_file"u8))
            : NotNegative(ProcFile.NumberOf(statistics, "total_inactive_file"u8)) + NotNegative(ProcFile.NumberOf(statistics, "total_active_file"u8));
        files = Math.Min(files, used);
        long free = files + swap - used;
        MemoryRoom room = Room(most, most + free, LimitName).Tighter(Room(high, high + free, "memory.high"));
        return both == MemoryRoom.Unbounded
            ? room
            : room.Tighter(Room(both, both + files - NotNegative(_swapUsed.ReadNumber()), "memory.memsw.limit_in_bytes"));
    }

    private static long Bounded(long limit) => limit is < 0 or > NoLimit ? MemoryRoom.Unbounded : limit;

    private static long NotNegative(long number) => Math.Max(0, number);

    private MemoryRoom Room(long most, long left, string limit)
        => most == MemoryRoom.Unbounded ? MemoryRoom.Unknown : new MemoryRoom(Math.Max(0, left), most, limit, _name);
}
