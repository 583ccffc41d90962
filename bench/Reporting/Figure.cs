using MagAlloc.Bench.Measurement;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>Figures as the tables of the console and of the report show them.</summary>
internal static class Figure
{
    public const string Nothing = "–";

    public static string Nanoseconds(double? ns) => ns switch
    {
        null => Nothing,
        < 1000 => Text.Number(ns.Value, "0.00"),
        _ => Text.Number(ns.Value, "#,0"),
    };

    public static string Ratio(double? ratio) => ratio is { } value ? Text.Number(value, "0.00") : Nothing;

    public static string Share(double? share) => share is { } value ? Text.Number(value * 100, "0.0") + " %" : Nothing;

    public static string Mebibytes(long? bytes) => bytes is { } value ? Text.Number(value / (1024.0 * 1024), "0.0") : Nothing;

    public static string Kibibytes(double? bytes) => bytes is { } value ? Text.Number(value / 1024, "0.0") : Nothing;

    public static string Whole(long? value) => value is { } number ? Text.Count(number) : Nothing;

    /// <summary>Name and time of a line, as one cell.</summary>
    public static string Named(ComparisonLine? line) =>
        line?.Summary is { } summary ? $"{Nanoseconds(summary.Median)} ({line.Contender})" : Nothing;
}
