using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Bench.Reporting;

/// <summary>The report as one HTML file: charts and style are in it, nothing is fetched.</summary>
internal static class HtmlReport
{
    public static string Of(Report report)
    {
        HtmlPage page = new(Report.Title, string.Join(" · ", report.Facts.Select(fact => fact.Value)));
        page.Paragraph(Report.Method.ReplaceLineEndings(" "));
        page.List(report.Sentences);
        foreach (ReportChart chart in report.Charts)
            page.Figure(chart.Caption, [], chart.Draw(true));
        foreach (ReportTable table in report.Tables)
        {
            page.Heading(table.Title);
            page.Table(table.Headers, table.Rows);
        }

        if (report.Missing.Count != 0)
            page.Heading("Without figures");
        page.List(report.Missing);
        return page.Finish("bench compare");
    }
}
