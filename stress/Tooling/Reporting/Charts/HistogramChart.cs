namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>
/// How often durations of each length occurred: bars over a logarithmic axis of time, with named places marked. The height is logarithmic
/// too: of a million calls, the ten that took a millisecond are what is looked for.
/// </summary>
/// <param name="title">For those who cannot see it.</param>
/// <param name="bars">Lower bound and upper bound in nanoseconds, and how many lie between.</param>
/// <param name="marks">Named durations in nanoseconds.</param>
internal sealed class HistogramChart(
    string title, IReadOnlyList<(long Low, long High, long Count)> bars, IReadOnlyList<(string Name, long Nanoseconds)> marks)
{
    private const double Width = 1000;
    private const double Left = 64;
    private const double Right = Width - 24;
    private const double Top = 54;
    private const double PlotHeight = 200;
    private const double AxisHeight = 26;
    private const double HalfDecade = 0.5;

    // Of the marks' names: so many rows are there before one may cover another.
    private const int LabelRows = 3;

    public string Draw()
    {
        double bottom = Top + PlotHeight;
        double decades = Math.Max(1, Math.Ceiling(Math.Log10(bars.Max(bar => bar.Count))));

        // A single call is a bar as well: the axis begins half a decade below 1.
        double Y(double count) => bottom - ((Math.Log10(count) + HalfDecade) / (decades + HalfDecade) * PlotHeight);
        double low = Math.Log10(Math.Max(bars[0].Low, 1));
        double high = Math.Max(Math.Log10(Math.Max(bars[^1].High, 10)), low + 1);
        double X(double nanoseconds) => Left + ((Math.Clamp(Math.Log10(Math.Max(nanoseconds, 1)), low, high) - low) / (high - low) * (Right - Left));

        string description = string.Join("; ", marks.Select(m => $"{m.Name} {Text.Nanoseconds(m.Nanoseconds)}"));
        SvgCanvas canvas = SvgCanvas.InPage(Width, bottom + AxisHeight, title, description);
        canvas.Text(0, 11, "calls", "small faint");
        canvas.Line(Left, bottom, Right, bottom, "axis");
        for (int decade = 0; decade <= decades; decade++)
        {
            double at = Y(Math.Pow(10, decade));
            canvas.Line(Left, at, Right, at, "grid");
            canvas.Text(Left - 8, at + 4, CountName(decade), "small faint", "end");
        }

        for (int decade = (int)Math.Ceiling(low - 1e-9); decade <= high; decade++)
        {
            double at = X(Math.Pow(10, decade));
            canvas.Line(at, bottom, at, bottom + 5, "axis");
            canvas.Text(at, bottom + 18, DecadeName(decade), "small faint", "middle");
        }

        foreach ((long from, long to, long count) in bars.Where(bar => bar.Count != 0))
        {
            double x = X(from);
            string hint = $"{Text.Nanoseconds(from)} to {Text.Nanoseconds(to)}: {Text.Count(count)} calls";
            canvas.Rectangle(x, Y(count), Math.Max(X(to) - x - 1, 1), bottom - Y(count), "stack f1", hint);
        }

        for (int i = 0; i < marks.Count; i++)
        {
            double at = X(marks[i].Nanoseconds);
            double label = 14 + (14 * (i % LabelRows));
            canvas.Line(at, label + 3, at, bottom, "mark s2");
            bool last = at > Width * 0.8;
            canvas.Text(at + (last ? -5 : 5), label + 8, $"{marks[i].Name} {Text.Nanoseconds(marks[i].Nanoseconds)}", "small strong", last ? "end" : "start");
        }

        return canvas.Finish();
    }

    private static string CountName(int decade) => decade switch
    {
        < 3 => Text.Count((long)Math.Pow(10, decade)),
        < 6 => $"{Text.Count((long)Math.Pow(10, decade - 3))} k",
        _ => $"{Text.Count((long)Math.Pow(10, decade - 6))} M",
    };

    private static string DecadeName(int decade) => decade switch
    {
        < 3 => $"{Text.Count((long)Math.Pow(10, decade))} ns",
        < 6 => $"{Text.Count((long)Math.Pow(10, decade - 3))} µs",
        < 9 => $"{Text.Count((long)Math.Pow(10, decade - 6))} ms",
        _ => $"{Text.Count((long)Math.Pow(10, decade - 9))} s",
    };
}
