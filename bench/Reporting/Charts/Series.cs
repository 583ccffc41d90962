namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>A line of a <see cref="LineChart"/>.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Colour">Of the palette.</param>
/// <param name="Strong">True for the line that the chart is about.</param>
/// <param name="Points">In the order of their abscissae.</param>
internal sealed record Series(string Name, int Colour, bool Strong, IReadOnlyList<(double X, double Y)> Points);
