using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Stress.Sharing;

/// <summary>What processes have open and mapped, from /proc.</summary>
[SupportedOSPlatform("linux")]
internal static class ProcessFiles
{
    /// <summary>Descriptors of this process, by what they lead to. Of files on disk the runtime opens some whenever it loads code: those do not count.</summary>
    public static int OpenDescriptors() => Targets().Count();

    public static string Describe() => string.Join(", ", Targets().GroupBy(target => target.Split(':')[0]).Select(same => $"{same.Count()} {same.Key}"));

    /// <summary>Bytes of memory files of a name that any process has mapped.</summary>
    public static long BytesMapped(string name)
    {
        long bytes = 0;
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(Path.GetFileName(folder)[0]))
                continue;
            try
            {
                bytes += File.ReadLines($"{folder}/maps").Where(line => line.Contains($"/memfd:{name} ", StringComparison.Ordinal)).Sum(LengthOf);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while it was looked at, or is not ours.
            }
        }

        return bytes;
    }

    /// <summary>Memory behind this process's memory files of a name, mapped or not, in bytes.</summary>
    public static long BytesBehind(string name)
    {
        Dictionary<ulong, long> files = [];
        foreach (string link in Directory.GetFiles("/proc/self/fd"))
        {
            if (new FileInfo(link).LinkTarget?.StartsWith($"/memfd:{name} ", StringComparison.Ordinal) == true && MemoryFiles.TryGetStatus(link, out FileStatus status))
                files[status.Inode] = status.ResidentBytes;
        }

        return files.Values.Sum();
    }

    private static IEnumerable<string> Targets() =>
        Directory.GetFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? string.Empty)
            .Where(target => target.Contains(':', StringComparison.Ordinal) && (target[0] != '/' || target.StartsWith("/memfd:", StringComparison.Ordinal)));

    private static long LengthOf(string line)
    {
        string[] ends = line.Split(' ', 2)[0].Split('-');
        return long.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) - long.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
