using System.Text;

namespace MagAlloc.Bench.Reporting;

/// <summary>The report as Markdown; its charts are files beside it.</summary>
internal static class MarkdownReport
{
    public static string Of(Report report)
    {
        StringBuilder text = new();
        text.Append($"# {Report.Title}\n\n");
        foreach ((string name, string value) in report.Facts)
            text.Append($"- {name}: {Escaped(value)}\n");
        text.Append('\n').Append(Report.Method.ReplaceLineEndings("\n")).Append('\n');
        Items(text, report.Sentences);
        foreach (ReportChart chart in report.Charts)
            text.Append($"\n![{chart.Caption}]({chart.File})\n");
        foreach (ReportTable table in report.Tables)
            Table(text, table);
        if (report.Missing.Count != 0)
            text.Append("\n## Without figures\n");
        Items(text, report.Missing);
        return text.ToString();
    }

    private static void Items(StringBuilder text, IReadOnlyList<string> items)
    {
        if (items.Count != 0)
            text.Append('\n');
        foreach (string item in items)
            text.Append($"- {Escaped(item)}\n");
    }

    private static void Table(StringBuilder text, ReportTable table)
    {
        text.Append($"\n## {Escaped(table.Title)}\n\n");
        Row(text, table.Headers);
        Row(text, ["---", .. Enumerable.Repeat("---:", table.Headers.Count - 1)]);
        foreach (IReadOnlyList<string> row in table.Rows)
            Row(text, row);
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(Escaped)).Append(" |\n");

    private static string Escaped(string text) =>
        text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
