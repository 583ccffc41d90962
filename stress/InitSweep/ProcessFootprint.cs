using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Stress.Sharing;

namespace MagAlloc.Stress.InitSweep;

/// <summary>
/// The mappings of memory, the descriptors and the threads of this process at one moment, from /proc. Mappings are kept as merged address
/// ranges, because the kernel splits and joins them as protections change: only addresses that were not mapped before count
/// as new.
/// </summary>
internal sealed class ProcessFootprint
{
    // Where the runtime puts the code that it compiles.
    private const string RuntimesOwn = "/memfd:doublemapper";

    private readonly List<(ulong Start, ulong End)> _ranges = [];

    private ProcessFootprint(int threads, int descriptors)
    {
        Threads = threads;
        Descriptors = descriptors;
    }

    public int Threads { get; }

    /// <summary>Those of files on disk excepted.</summary>
    public int Descriptors { get; }

    [SupportedOSPlatformGuard("linux")]
    public static bool IsSupported => OperatingSystem.IsLinux();

    public static ProcessFootprint Take()
    {
        if (!IsSupported)
            return new ProcessFootprint(0, 0);
        ProcessFootprint footprint = new(Directory.GetDirectories("/proc/self/task").Length, ProcessFiles.OpenDescriptors());
        foreach (string line in File.ReadLines("/proc/self/maps"))
            footprint.Add(line);
        return footprint;
    }

    /// <summary>What is mapped now and was not mapped in <paramref name="before"/>.</summary>
    public LeftOver Since(ProcessFootprint before)
    {
        long bytes = 0;
        long mappings = 0;
        int next = 0;
        foreach ((ulong start, ulong end) in _ranges)
        {
            ulong at = start;
            while (next < before._ranges.Count && before._ranges[next].End <= at)
                next++;

            int i = next;
            while (at < end)
            {
                bool covered = i < before._ranges.Count && before._ranges[i].Start <= at;
                ulong until = i < before._ranges.Count
                    ? Math.Min(end, covered ? before._ranges[i].End : before._ranges[i].Start)
                    : end;
                if (covered)
                {
                    i++;
                }
                else
                {
                    bytes += (long)(until - at);
                    mappings++;
                }

                at = until;
            }
        }

        return new LeftOver(bytes, mappings, Math.Max(0, Threads - before.Threads), Math.Max(0, Descriptors - before.Descriptors));
    }

    /// <summary>"start-end perms offset device inode [path]"; the kernel lists them by address.</summary>
    private void Add(string line)
    {
        string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        string path = fields.Length > 5 ? fields[5].Trim() : string.Empty;
        bool isMemoryFile = path.StartsWith("/memfd:", StringComparison.Ordinal) && !path.StartsWith(RuntimesOwn, StringComparison.Ordinal);
        if (path.Length != 0 && !isMemoryFile && !path.StartsWith("[anon", StringComparison.Ordinal))
            return;

        int dash = fields[0].IndexOf('-', StringComparison.Ordinal);
        ulong start = ulong.Parse(fields[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        ulong end = ulong.Parse(fields[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (_ranges.Count != 0 && _ranges[^1].End == start)
            _ranges[^1] = (_ranges[^1].Start, end);
        else
            _ranges.Add((start, end));
    }
}
