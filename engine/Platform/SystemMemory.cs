using System.Globalization;
using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>How much memory there is to be had.</summary>
[SupportedOSPlatform("linux")]
internal static class SystemMemory
{
    /// <summary>
    /// What can be taken before the system ends processes to get memory back, as far as it says; a container's limit counts as
    /// well. Costs some 50 µs.
    /// </summary>
    internal static long AvailableBytes()
    {
        const string Line = "MemAvailable:";
        long limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        limit = limit > 0 ? limit : long.MaxValue;
        try
        {
            foreach (string line in File.ReadLines("/proc/meminfo"))
            {
                if (line.StartsWith(Line, StringComparison.Ordinal))
                {
                    return Math.Min(limit, long.Parse(line.AsSpan(Line.Length).TrimEnd("kB "), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) << 10);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // Then nobody says.
        }

        return limit;
    }
}
