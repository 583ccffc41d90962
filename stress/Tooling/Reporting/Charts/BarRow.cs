namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>A row of a <see cref="BarChart"/>.</summary>
/// <param name="Name">On the left.</param>
/// <param name="Parts">Beside each other: number of the colour, value, hint.</param>
/// <param name="Label">Behind the bar.</param>
internal sealed record BarRow(string Name, IReadOnlyList<(int Colour, double Value, string Hint)> Parts, string Label)
{
    public double Total => Parts.Sum(part => part.Value);
}
