using System.Globalization;

namespace MagAlloc.Tooling.Reporting;

/// <summary>Numbers as a person reads them, the same in every culture.</summary>
internal static class Text
{
    private static readonly string[] s_binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Count(long? value) => value is { } known ? Count(known) : "–";

    /// <summary>A number and what it counts; the plural adds an s unless it is given.</summary>
    public static string Plural(long count, string one, string? many = null) => $"{Count(count)} {(count == 1 ? one : many ?? $"{one}s")}";

    /// <summary>With a capital letter at its head.</summary>
    public static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    public static string Seconds(TimeSpan time) => $"{Number(time.TotalSeconds, "0.0")} s";

    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= 1024 && unit < s_binaryUnits.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0 ? $"{bytes} B" : $"{Number(value, "0.0")} {s_binaryUnits[unit]}";
    }

    public static string Bytes(long? bytes) => bytes is { } known ? Bytes(known) : "–";

    public static string Nanoseconds(long ns) => ns switch
    {
        < 10_000 => $"{Count(ns)} ns",
        < 10_000_000 => $"{Number(ns / 1e3, "0.0")} µs",
        _ => $"{Number(ns / 1e6, "0.0")} ms",
    };
}
