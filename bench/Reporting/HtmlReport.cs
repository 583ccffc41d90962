using System.Net;
using System.Text;

namespace MagAlloc.Bench.Reporting;

/// <summary>The report as one HTML file: charts and style are in it, nothing is fetched.</summary>
internal static class HtmlReport
{
    // A picture within a page needs no name space, and a report without addresses is seen at a glance to fetch nothing.
    private const string Namespace = " xmlns=\"http://www.w3.org/2000/svg\"";

    private const string Style = """
        :root{color-scheme:light dark;--text:#24292f;--faint:#57606a;--ground:#fff;--line:#d8dee4;--band:#f6f8fa}
        @media(prefers-color-scheme:dark){:root{--text:#e6edf3;--faint:#9198a1;--ground:#0d1117;--line:#30363d;--band:#151b23}}
        body{font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;color:var(--text);background:var(--ground);
        max-width:1040px;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2.2rem 0 .5rem}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{color:var(--faint)}dd{margin:0}
        figure{margin:1.5rem 0;overflow-x:auto}figure svg{max-width:100%;height:auto;border:1px solid var(--line);border-radius:6px}
        .scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
        th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
        th:first-child,td:first-child{text-align:left}tr:nth-child(even) td{background:var(--band)}
        """;

    public static string Of(Report report)
    {
        StringBuilder html = new();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append($"<title>{Encoded(Report.Title)}</title>\n<style>\n{Style.ReplaceLineEndings("\n")}\n</style>\n</head>\n<body>\n");
        html.Append($"<h1>{Encoded(Report.Title)}</h1>\n<dl>\n");
        foreach ((string name, string value) in report.Facts)
            html.Append($"<dt>{Encoded(name)}</dt><dd>{Encoded(value)}</dd>\n");
        html.Append($"</dl>\n<p>{Encoded(Report.Method.ReplaceLineEndings("\n"))}</p>\n");
        Items(html, report.Sentences);
        foreach (ReportChart chart in report.Charts)
        {
            string picture = chart.Svg.Replace(Namespace, string.Empty, StringComparison.Ordinal);
            html.Append($"<figure aria-label=\"{Encoded(chart.Caption)}\">\n{picture}</figure>\n");
        }

        foreach (ReportTable table in report.Tables)
            Table(html, table);
        if (report.Missing.Count != 0)
            html.Append("<h2>Without figures</h2>\n");
        Items(html, report.Missing);
        return html.Append("</body>\n</html>\n").ToString();
    }

    private static void Items(StringBuilder html, IReadOnlyList<string> items)
    {
        if (items.Count == 0)
            return;
        html.Append("<ul>\n");
        foreach (string item in items)
            html.Append($"<li>{Encoded(item)}</li>\n");
        html.Append("</ul>\n");
    }

    private static void Table(StringBuilder html, ReportTable table)
    {
        html.Append($"<h2>{Encoded(table.Title)}</h2>\n<div class=\"scroll\"><table>\n");
        Row(html, table.Headers, "th");
        foreach (IReadOnlyList<string> row in table.Rows)
            Row(html, row, "td");
        html.Append("</table></div>\n");
    }

    private static void Row(StringBuilder html, IReadOnlyList<string> cells, string tag)
    {
        html.Append("<tr>");
        foreach (string cell in cells)
            html.Append($"<{tag}>{Encoded(cell)}</{tag}>");
        html.Append("</tr>\n");
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);
}
