namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>One quantity of a <see cref="TimeChart"/>.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Colour">Number of a colour of the page, from 1; the same for the same thing in every chart.</param>
/// <param name="Mark">How it is drawn.</param>
/// <param name="Points">Seconds and values, by time. All stacked series of a chart have the same times.</param>
internal sealed record TimeSeries(string Name, int Colour, TimeMark Mark, IReadOnlyList<(double Seconds, double Value)> Points)
{
    public double Largest => Points.Count == 0 ? 0 : Points.Max(p => p.Value);

    /// <summary>The value that holds at a time: the last one before it, or of single events the largest within the span that ends there.</summary>
    public double? At(double seconds, double span)
    {
        double? found = null;
        foreach ((double when, double value) in Points)
        {
            if (when > seconds)
                break;
            if (Mark != TimeMark.Stem)
                found = value;
            else if (when > seconds - span)
                found = Math.Max(found ?? value, value);
        }

        return found;
    }
}
