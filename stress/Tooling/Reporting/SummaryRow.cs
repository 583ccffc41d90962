namespace MagAlloc.Tooling.Reporting;

/// <summary>One line of a summary or of the progress display.</summary>
internal readonly record struct SummaryRow(string Name, string Value);
