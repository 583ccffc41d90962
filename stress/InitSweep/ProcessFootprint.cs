using System.Globalization;

namespace MagAlloc.Stress.InitSweep;

/// <summary>
/// The anonymous mappings and the threads of this process at one moment, from /proc. Mappings are kept as merged address
/// ranges, because the kernel splits and joins them as protections change: only addresses that were not mapped before count
/// as new.
/// </summary>
internal sealed class ProcessFootprint
{
    private readonly List<(ulong Start, ulong End)> _ranges = [];

    private ProcessFootprint(int threads) => Threads = threads;

    public int Threads { get; }

    public static bool IsSupported => OperatingSystem.IsLinux();

    public static ProcessFootprint Take()
    {
        if (!IsSupported)
            return new ProcessFootprint(0);
        ProcessFootprint footprint = new(Directory.GetDirectories("/proc/self/task").Length);
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

        return new LeftOver(bytes, mappings, Math.Max(0, Threads - before.Threads));
    }

    /// <summary>"start-end perms offset device inode [path]"; the kernel lists them by address.</summary>
    private void Add(string line)
    {
        string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        string path = fields.Length > 5 ? fields[5].Trim() : string.Empty;
        if (path.Length != 0 && !path.StartsWith("[anon", StringComparison.Ordinal))
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
