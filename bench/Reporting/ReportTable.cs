namespace MagAlloc.Bench.Reporting;

/// <summary>A table of the report. The first column is a name, the others are figures.</summary>
internal sealed record ReportTable(string Title, IReadOnlyList<string> Headers, IReadOnlyList<IReadOnlyList<string>> Rows);
