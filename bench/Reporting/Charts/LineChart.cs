using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;

namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>Lines over a common abscissa; both axes begin at 0.</summary>
internal sealed class LineChart(string title, string abscissa, string ordinate, IReadOnlyList<Series> series)
{
    private const double Width = 800;
    private const double PlotHeight = 300;
    private const double Margin = 16;
    private const double TitleHeight = 30;
    private const double AxisHeight = 48;
    private const double Left = 72;
    private const double DotRadius = 3.5;

    // Samples at short intervals make a line; few values are points that a line connects.
    private const int MostDots = 12;

    /// <summary>The abscissae that are named; null for round numbers.</summary>
    public IReadOnlyList<double>? Ticks { get; init; }

    /// <param name="inPage">It takes its style from the page.</param>
    public string Draw(bool inPage)
    {
        Legend legend = new(series.Select(s => (s.Name, s.Colour)), Width - (2 * Margin));
        double top = TitleHeight + legend.Height + 24;
        double bottom = top + PlotHeight;
        double right = Width - Margin - 12;
        LinearScale x = new(series.SelectMany(s => s.Points).Max(p => p.X), Left, right);
        LinearScale y = new(series.SelectMany(s => s.Points).Max(p => p.Y), bottom, top);

        SvgCanvas canvas = inPage ? SvgCanvas.InPage(Width, bottom + AxisHeight, title, title) : SvgCanvas.Alone(Width, bottom + AxisHeight, title);
        canvas.Text(Margin, 22, title, "title");
        legend.Draw(canvas, Margin, TitleHeight);
        canvas.Text(Margin, top - 8, ordinate, "small faint");
        foreach (double tick in y.Ticks)
        {
            canvas.Line(Left, y[tick], right, y[tick], tick == 0 ? "axis" : "grid");
            canvas.Text(Left - 8, y[tick] + 4, Text.Number(tick, "#,0.##"), "small faint", "end");
        }

        foreach (double tick in Ticks ?? [.. x.Ticks])
        {
            canvas.Line(x[tick], bottom, x[tick], bottom + 4, "axis");
            canvas.Text(x[tick], bottom + 17, Text.Number(tick, "#,0.##"), "small faint", "middle");
        }

        canvas.Text((Left + right) / 2, bottom + 37, abscissa, "small faint", "middle");

        // What the chart is about lies on top.
        foreach (Series line in series.OrderBy(s => s.Strong))
            Draw(canvas, line, x, y);
        return canvas.Finish();
    }

    private static void Draw(SvgCanvas canvas, Series line, LinearScale x, LinearScale y)
    {
        canvas.Path(line.Points.Select(p => (x[p.X], y[p.Y])), closed: false, $"line s{line.Colour}{(line.Strong ? " thick" : string.Empty)}", line.Name);
        if (line.Points.Count > MostDots)
            return;
        foreach ((double px, double py) in line.Points)
            canvas.Dot(x[px], y[py], DotRadius, $"f{line.Colour}", $"{line.Name}: {Text.Number(py, "#,0.##")}");
    }
}
