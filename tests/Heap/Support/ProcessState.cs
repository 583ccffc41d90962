using System.Globalization;

namespace MagAlloc.Tests.Heap.Support;

/// <summary>What the kernel says about this process: the witness that nothing is left behind.</summary>
internal static class ProcessState
{
    /// <summary>Address space in use, bytes.</summary>
    public static long VirtualBytes => Statm(0);

    /// <summary>Resident set, bytes.</summary>
    public static long ResidentBytes => Statm(1);

    /// <summary>Kernel threads of this process.</summary>
    public static int Threads => Directory.GetDirectories("/proc/self/task").Length;

    /// <summary>Threads that heaps, pools, caches, domains and queues of buffers have made for themselves: the kernel keeps 15 letters of a name. Linux.</summary>
    public static int OwnersThreads => Directory.GetDirectories("/proc/self/task").Count(IsOwners);

    /// <summary>Mappings listed in /proc/self/maps.</summary>
    public static int Mappings => File.ReadAllLines("/proc/self/maps").Length;

    private static bool IsOwners(string task)
    {
        try
        {
            string name = File.ReadAllText(Path.Combine(task, "comm"));
            return name.StartsWith("MagAlloc reclai", StringComparison.Ordinal) || name.StartsWith("MagAlloc buffer", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return false;
        }
    }

    private static long Statm(int field)
    {
        string[] fields = File.ReadAllText("/proc/self/statm").Split(' ');
        return long.Parse(fields[field], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
