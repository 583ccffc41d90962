namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>Named quantities and what they consist of, as rows of bars.</summary>
internal sealed class BarChart(string title, IReadOnlyList<BarRow> rows)
{
    private const double Width = 1000;
    private const double RowHeight = 22;
    private const double BarHeight = 14;
    private const double LabelGap = 8;

    public string Draw()
    {
        double left = rows.Max(row => SvgCanvas.WidthOf(row.Name)) + 10;
        double right = Width - rows.Max(row => SvgCanvas.WidthOf(row.Label)) - LabelGap;
        double scale = (right - left) / Math.Max(rows.Max(row => row.Total), 1e-9);
        SvgCanvas canvas = SvgCanvas.InPage(Width, rows.Count * RowHeight, title, string.Join("; ", rows.Select(row => $"{row.Name}: {row.Label}")));
        double y = 0;
        foreach (BarRow row in rows)
        {
            canvas.Text(left - 10, y + 14, row.Name, "small", "end");
            double x = left;
            foreach ((int colour, double value, string hint) in row.Parts)
            {
                canvas.Rectangle(x, y + 3, value * scale, BarHeight, $"stack f{colour}", hint);
                x += value * scale;
            }

            canvas.Text(x + LabelGap, y + 14, row.Label, "small faint");
            y += RowHeight;
        }

        return canvas.Finish();
    }
}
