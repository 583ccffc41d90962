using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>A folder that looks like the parts of <c>/proc</c> and <c>/sys/fs/cgroup</c> in which a machine says what memory it has.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FakeMachine : IDisposable
{
    public const long MiB = 1 << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("magalloc-machine-").FullName;

    /// <param name="available">MiB that the machine has left.</param>
    /// <param name="total">MiB that it has.</param>
    /// <param name="freeSwap">MiB of swap that it has left.</param>
    public FakeMachine(long available, long total = 1 << 20, long freeSwap = 0)
    {
        SetAvailable(available, total, freeSwap);
        Write("proc/self/statm", "1000 0 0 0 0 0 0\n");
        Memory = new SystemMemory(_root);
        Budget = new CommitBudget(Memory, freshness: 0, headroomShare: 0);
    }

    public SystemMemory Memory { get; }

    /// <summary>Keeps no answers.</summary>
    public CommitBudget Budget { get; }

    public MemoryRoom Room => Memory.Look();

    public void SetAvailable(long available, long total = 1 << 20, long freeSwap = 0) => Write(
        "proc/meminfo",
        string.Create(CultureInfo.InvariantCulture, $"MemTotal:       {total << 10} kB\nMemFree:         1 kB\nMemAvailable:   {available << 10} kB\nSwapFree:     {freeSwap << 10} kB\n"));

    /// <summary>The process's pages that are no files'.</summary>
    public void SetTouched(long bytes) => Write(
        "proc/self/statm",
        string.Create(CultureInfo.InvariantCulture, $"1 {(bytes + GC.GetTotalMemory(false)) / Environment.SystemPageSize} 0 0 0 0 0\n"));

    /// <summary>Where the process is and what is mounted, as <c>/proc</c> has it.</summary>
    public void Place(string cgroup, params string[] mountinfo)
    {
        Write("proc/self/cgroup", cgroup);
        Write("proc/self/mountinfo", string.Join('\n', mountinfo) + '\n');
    }

    public void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    public void Delete(string path) => File.Delete(Path.Combine(_root, path));

    /// <summary>A group of version 2.</summary>
    public void Group2(string folder, string max, long current, long file = 0, string high = "max", string? swapMax = null, long swapCurrent = 0)
    {
        Write($"{folder}/memory.max", max + '\n');
        Write($"{folder}/memory.high", high + '\n');
        Write($"{folder}/memory.current", Text(current));
        Write($"{folder}/memory.stat", $"anon 5\nfile 7\ninactive_anon 3\ninactive_file {file / 2}\nactive_file {file - (file / 2)}\n");
        if (swapMax is not null)
        {
            Write($"{folder}/memory.swap.max", swapMax + '\n');
            Write($"{folder}/memory.swap.current", Text(swapCurrent));
        }
    }

    /// <summary>A group of version 1.</summary>
    public void Group1(string folder, long limit, long usage, long file = 0)
    {
        Write($"{folder}/memory.limit_in_bytes", Text(limit));
        Write($"{folder}/memory.usage_in_bytes", Text(usage));
        Write($"{folder}/memory.stat", $"inactive_file 1\nactive_file 1\ntotal_inactive_file {file / 2}\ntotal_active_file {file - (file / 2)}\n");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture) + '\n';
}
