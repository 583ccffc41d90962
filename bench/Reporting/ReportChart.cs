namespace MagAlloc.Bench.Reporting;

/// <summary>A chart of the report.</summary>
/// <param name="File">Its file beside the report.</param>
/// <param name="Caption">What it shows, for who cannot see it.</param>
/// <param name="Draw">Draws it; true: for within a page.</param>
internal sealed record ReportChart(string File, string Caption, Func<bool, string> Draw)
{
    /// <summary>The picture as a file of its own.</summary>
    public string Svg => Draw(false);
}
