namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>A value of a chart of ratios.</summary>
/// <param name="Series">Whose it is.</param>
/// <param name="Colour">Of that series.</param>
/// <param name="Value">Above 0.</param>
/// <param name="Label">What stands beside it; empty for nothing.</param>
internal sealed record Mark(string Series, int Colour, double Value, string Label);
