namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>
/// Quantities over the seconds of a run, drawn for a page. Charts of the same length lie exactly below each other, so that an event in one
/// is seen to fall together with one in another. Narrow columns carry the values of their moment as hints: no script is needed.
/// </summary>
internal sealed class TimeChart(string title, double seconds, AxisUnit unit, IReadOnlyList<TimeSeries> series)
{
    private const double Width = 1000;
    private const double Left = 64;
    private const double Right = Width - 12;
    private const double Top = 22;
    private const double AxisHeight = 26;
    private const double EdgeWidth = 16;
    private const int MostColumns = 100;
    private const int SecondTicks = 10;
    private const double DotRadius = 3;
    private const double LowHeight = 150;

    private readonly double _seconds = Math.Max(seconds, 1e-3);

    public double PlotHeight { get; init; } = 200;

    public string Draw()
    {
        double bottom = Top + PlotHeight;
        LinearScale x = LinearScale.Exactly(_seconds, Left, Right, SecondTicks);
        LinearScale y = new(Math.Max(Largest() / unit.Divisor, 1e-9), bottom, Top, PlotHeight < LowHeight ? 3 : 5);
        SvgCanvas canvas = SvgCanvas.InPage(Width, bottom + AxisHeight, title, Description());
        canvas.Text(0, 11, unit.Name, "small faint");
        foreach (double tick in y.Ticks)
        {
            canvas.Line(Left, y[tick], Right, y[tick], tick == 0 ? "axis" : "grid");
            canvas.Text(Left - 8, y[tick] + 4, Text.Number(tick, "#,0.##"), "small faint", "end");
        }

        foreach (double tick in x.Ticks)
            canvas.Text(x[tick], bottom + 18, Time(tick), "small faint", AnchorAt(x[tick]));

        DrawStack(canvas, x, y);
        foreach (TimeSeries line in series.Where(s => s.Mark is TimeMark.Line or TimeMark.Area))
            DrawLine(canvas, line, x, y);
        foreach (TimeSeries events in series.Where(s => s.Mark == TimeMark.Stem))
            DrawStems(canvas, events, x, y);
        DrawHints(canvas, bottom);
        return canvas.Finish();
    }

    // The first and the last name of a moment stay within the picture.
    private static string AnchorAt(double x) => x < Left + EdgeWidth ? "start" : x > Right - EdgeWidth ? "end" : "middle";

    // Of the run: one that takes less than a second is told in milliseconds.
    private string Time(double at) => _seconds < 1 ? $"{Text.Number(at * 1000, "0.#")} ms" : $"{Text.Number(at, "0.##")} s";

    private double Largest()
    {
        double alone = series.Where(s => s.Mark != TimeMark.Stack).Select(s => s.Largest).DefaultIfEmpty().Max();
        TimeSeries[] stacked = [.. series.Where(s => s.Mark == TimeMark.Stack)];
        if (stacked.Length == 0)
            return alone;
        return Math.Max(alone, Enumerable.Range(0, stacked[0].Points.Count).Select(i => stacked.Sum(s => s.Points[i].Value)).DefaultIfEmpty().Max());
    }

    private string Description() => string.Join(
        "; ",
        series.Where(s => s.Points.Count != 0).Select(s =>
            $"{s.Name}: largest {unit.Describe(s.Largest)}" + (s.Mark == TimeMark.Stem ? $" of {s.Points.Count}" : $", at the end {unit.Describe(s.Points[^1].Value)}")));

    private void DrawStack(SvgCanvas canvas, LinearScale x, LinearScale y)
    {
        double[]? floor = null;
        foreach (TimeSeries layer in series.Where(s => s.Mark == TimeMark.Stack && s.Points.Count != 0))
        {
            floor ??= new double[layer.Points.Count];
            (double X, double Y)[] lower = [.. layer.Points.Select((p, i) => (x[p.Seconds], y[floor[i] / unit.Divisor]))];
            for (int i = 0; i < floor.Length; i++)
                floor[i] += layer.Points[i].Value;
            (double X, double Y)[] upper = [.. layer.Points.Select((p, i) => (x[p.Seconds], y[floor[i] / unit.Divisor]))];
            canvas.Path([.. upper, .. lower.Reverse()], closed: true, $"stack f{layer.Colour}");
        }
    }

    private void DrawLine(SvgCanvas canvas, TimeSeries line, LinearScale x, LinearScale y)
    {
        if (line.Points.Count == 0)
            return;
        (double X, double Y)[] points = [.. line.Points.Select(p => (x[p.Seconds], y[p.Value / unit.Divisor]))];
        if (line.Mark == TimeMark.Area)
            canvas.Path([.. points, (points[^1].X, y[0]), (points[0].X, y[0])], closed: true, $"area f{line.Colour}");
        canvas.Path(points, closed: false, $"line s{line.Colour}");
        if (points.Length == 1)
            canvas.Dot(points[0].X, points[0].Y, DotRadius, $"f{line.Colour}");
    }

    private void DrawStems(SvgCanvas canvas, TimeSeries events, LinearScale x, LinearScale y)
    {
        foreach ((double when, double value) in events.Points)
        {
            double top = y[value / unit.Divisor];
            canvas.Line(x[when], y[0], x[when], top, $"stem s{events.Colour}");
            canvas.Dot(x[when], top, DotRadius, $"f{events.Colour}");
        }
    }

    private void DrawHints(SvgCanvas canvas, double bottom)
    {
        int columns = Math.Min(MostColumns, Math.Max(series.Select(s => s.Points.Count).DefaultIfEmpty().Max(), 1));
        double width = (Right - Left) / columns;
        double span = _seconds / columns;
        for (int i = 0; i < columns; i++)
        {
            double end = (i + 1) * span;
            IEnumerable<string> values = series
                .Select(s => (s.Name, Value: s.At(end, span)))
                .Where(v => v.Value is not null)
                .Select(v => $"{v.Name}: {unit.Describe(v.Value!.Value)}");
            canvas.Rectangle(Left + (i * width), Top, width, bottom - Top, "hint", $"{Time(end)}\n{string.Join('\n', values)}");
        }
    }
}
