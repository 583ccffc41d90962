namespace MagAlloc.Bench.Reporting;

/// <summary>A chart of the report.</summary>
/// <param name="File">Its file beside the report.</param>
/// <param name="Caption">What it shows, for who cannot see it.</param>
/// <param name="Svg">The picture.</param>
internal sealed record ReportChart(string File, string Caption, string Svg);
