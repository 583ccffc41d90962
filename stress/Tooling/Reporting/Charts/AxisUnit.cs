namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>What an ordinate counts, in the magnitude that its largest value asks for.</summary>
/// <param name="Name">Beside the axis.</param>
/// <param name="Divisor">A value over it is what the axis shows.</param>
/// <param name="Describe">A single value, with its unit, as a person reads it.</param>
internal sealed record AxisUnit(string Name, double Divisor, Func<double, string> Describe)
{
    private static readonly (string Name, double Divisor)[] s_binary =
    [
        ("B", 1), ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
    ];

    private static readonly (string Name, double Divisor)[] s_decimal = [(string.Empty, 1), ("thousand", 1e3), ("million", 1e6), ("billion", 1e9)];

    /// <summary>Bytes in the binary unit of which the largest value has at least two.</summary>
    public static AxisUnit Bytes(double largest)
    {
        (string name, double divisor) = s_binary.LastOrDefault(unit => largest >= 2 * unit.Divisor, s_binary[0]);
        return new AxisUnit(name, divisor, value => Text.Bytes((long)value));
    }

    /// <param name="largest">The largest value to be shown.</param>
    /// <param name="what">What is counted, in the plural.</param>
    public static AxisUnit Counts(double largest, string what)
    {
        (string name, double divisor) = s_decimal.LastOrDefault(unit => largest >= 10 * unit.Divisor, s_decimal[0]);
        return new AxisUnit($"{name} {what}".Trim(), divisor, value => Text.Number(value, value < 10 ? "0.##" : "#,0"));
    }

    /// <summary>Values are milliseconds.</summary>
    public static AxisUnit Milliseconds(double largest) => largest < 2 ? new AxisUnit("µs", 1e-3, Duration) : new AxisUnit("ms", 1, Duration);

    private static string Duration(double milliseconds) =>
        milliseconds < 1 ? $"{Text.Number(milliseconds * 1e3, "0")} µs" : $"{Text.Number(milliseconds, "0.0")} ms";
}
