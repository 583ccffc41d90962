using System.Globalization;

namespace MagAlloc.Sharing.Platform;

/// <summary>Sizes of huge pages.</summary>
internal static class HugePages
{
    private static readonly Lazy<long> s_reserved = new(ReadReserved);

    /// <summary>Of those that the kernel makes by itself: what one entry of a page table's second level covers, with pages of 4 KiB.</summary>
    internal static long TransparentBytes => 2 << 20;

    /// <summary>Of the administrator's pool, as the system is set up.</summary>
    internal static long ReservedBytes => s_reserved.Value;

    private static long ReadReserved()
    {
        const string Line = "Hugepagesize:";
        try
        {
            foreach (string line in File.ReadLines("/proc/meminfo"))
            {
                if (line.StartsWith(Line, StringComparison.Ordinal))
                {
                    return long.Parse(line.AsSpan(Line.Length).TrimEnd("kB "), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) << 10;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // Then nobody says otherwise.
        }

        return TransparentBytes;
    }
}
