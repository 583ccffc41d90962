using System.Globalization;

namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>Values as the gate prints them.</summary>
internal static class Figures
{
    public static string Number(double value) => value.ToString(
        Math.Abs(value) >= 10_000 ? "N0" : value == Math.Floor(value) ? "0" : "0.000", CultureInfo.InvariantCulture);

    public static string Number(double? value) => value is { } known ? Number(known) : "–";

    public static string Change(double from, double to) => from == 0
        ? $"{Number(from)} → {Number(to)}"
        : string.Create(CultureInfo.InvariantCulture, $"{Number(from)} → {Number(to)} ({(to / from) - 1:+0.0 %;-0.0 %})");
}
