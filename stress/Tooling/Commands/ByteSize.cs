using System.Globalization;

namespace MagAlloc.Tooling.Commands;

/// <summary>Byte counts on the command line: a whole number with an optional unit (KiB, MiB, GiB, TiB; kB, MB, GB, TB; B).</summary>
internal static class ByteSize
{
    private static readonly (string Suffix, long Factor)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40),
        ("B", 1),
    ];

    public static bool TryParse(string text, out long bytes)
    {
        text = text.Trim();
        long factor = 1;
        foreach ((string suffix, long value) in s_units)
        {
            if (!text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                continue;
            text = text[..^suffix.Length].TrimEnd();
            factor = value;
            break;
        }

        bool whole = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number);
        Int128 product = (Int128)number * factor;
        bytes = whole && product >= long.MinValue && product <= long.MaxValue ? (long)product : 0;
        return whole && bytes == product;
    }
}
