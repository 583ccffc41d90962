using MagAlloc.Tooling.Reporting;
using MagAlloc.Tooling.Reporting.Charts;

namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>
/// Ratios by workload on a logarithmic axis around 1: as bars that grow from 1, or as dots on one line where there are too many
/// for bars.
/// </summary>
internal sealed class RatioChart(string title, string axisTitle, IReadOnlyList<MarkGroup> groups, bool bars)
{
    private const double Width = 800;
    private const double Margin = 16;
    private const double TitleHeight = 30;
    private const double AxisHeight = 44;
    private const double BarHeight = 10;
    private const double BarGap = 2;
    private const double GroupGap = 9;
    private const double DotRow = 21;
    private const double DotRadius = 4.2;
    private const double LabelGap = 5;

    /// <param name="inPage">It takes its style from the page.</param>
    public string Draw(bool inPage)
    {
        double left = Margin + groups.Max(group => SvgCanvas.WidthOf(group.Name)) + 10;
        double labels = groups.SelectMany(group => group.Marks).Max(mark => SvgCanvas.WidthOf(mark.Label)) + LabelGap;
        double right = Width - Margin - (bars ? labels : 12);
        Legend legend = new(
            groups.SelectMany(group => group.Marks).Select(mark => (mark.Series, mark.Colour)).Distinct(), Width - (2 * Margin));
        double top = TitleHeight + legend.Height + 12;
        double bottom = top + groups.Sum(HeightOf);
        LogScale scale = new(groups.SelectMany(group => group.Marks).Select(mark => mark.Value), left, right);

        SvgCanvas canvas = inPage ? SvgCanvas.InPage(Width, bottom + AxisHeight, title, title) : SvgCanvas.Alone(Width, bottom + AxisHeight, title);
        canvas.Text(Margin, 22, title, "title");
        legend.Draw(canvas, Margin, TitleHeight);
        double y = top;
        for (int i = 0; i < groups.Count; i++)
        {
            if (i % 2 == 1)
                canvas.Rectangle(Margin, y, Width - (2 * Margin), HeightOf(groups[i]), "band");
            y += HeightOf(groups[i]);
        }

        DrawAxis(canvas, scale, top, bottom, left, right);
        y = top;
        foreach (MarkGroup group in groups)
        {
            canvas.Text(left - 10, y + (HeightOf(group) / 2) + 4, group.Name, anchor: "end");
            DrawMarks(canvas, scale, group, y);
            y += HeightOf(group);
        }

        return canvas.Finish();
    }

    private double HeightOf(MarkGroup group) => bars ? (group.Marks.Count * (BarHeight + BarGap)) + GroupGap : DotRow;

    private void DrawAxis(SvgCanvas canvas, LogScale scale, double top, double bottom, double left, double right)
    {
        foreach (double tick in scale.Ticks)
        {
            canvas.Line(scale[tick], top, scale[tick], bottom, tick == 1 ? "axis" : "grid");
            canvas.Text(scale[tick], bottom + 15, $"{Text.Number(tick, "0.####")}×", "small faint", "middle");
        }

        canvas.Text((left + right) / 2, bottom + 34, axisTitle, "small faint", "middle");
    }

    private void DrawMarks(SvgCanvas canvas, LogScale scale, MarkGroup group, double top)
    {
        double y = top + (GroupGap / 2);
        foreach (Mark mark in group.Marks)
        {
            string hint = $"{group.Name}, {mark.Series}: {Figure.Ratio(mark.Value)} ×";
            if (!bars)
            {
                canvas.Dot(scale[mark.Value], top + (DotRow / 2), DotRadius, $"f{mark.Colour}", hint);
                continue;
            }

            double from = Math.Min(scale[1], scale[mark.Value]);
            double to = Math.Max(scale[1], scale[mark.Value]);
            canvas.Rectangle(from, y, Math.Max(to - from, 1.5), BarHeight, $"f{mark.Colour}", hint);
            canvas.Text(to + LabelGap, y + BarHeight - 1, mark.Label, "small");
            y += BarHeight + BarGap;
        }
    }
}
