namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>
/// A tree of calls as rows of boxes, the callers on top: a box is as wide as the share of the stacks that lead through it. What is too
/// narrow to be seen is left out.
/// </summary>
/// <param name="title">For those who cannot see it.</param>
/// <param name="root">Not drawn itself: it stands for everything.</param>
/// <param name="describe">A weight in words.</param>
/// <param name="abbreviate">A shorter form of a name that does not fit its box.</param>
internal sealed class FlameChart(string title, CallNode root, Func<long, string> describe, Func<string, string> abbreviate)
{
    private const double Width = 1000;
    private const double RowHeight = 19;
    private const double Narrowest = 2;
    private const double CharacterWidth = 6.7;
    private const int MostRows = 40;
    private const int Colours = 8;

    public string Draw()
    {
        int rows = Math.Min(DepthOf(root, Width) - 1, MostRows);
        SvgCanvas canvas = SvgCanvas.InPage(Width, Math.Max(rows, 1) * RowHeight, title, $"{describe(root.Weight)} in all");
        DrawCallees(canvas, root, 0, 0);
        return canvas.Finish();
    }

    private double WidthOf(CallNode node) => Width * node.Weight / Math.Max(root.Weight, 1);

    private int DepthOf(CallNode node, double width) =>
        width < Narrowest ? 0 : 1 + node.Callees.Select(callee => DepthOf(callee, WidthOf(callee))).DefaultIfEmpty().Max();

    private void DrawCallees(SvgCanvas canvas, CallNode node, double left, int row)
    {
        if (row >= MostRows)
            return;
        foreach (CallNode callee in node.Callees)
        {
            double width = WidthOf(callee);
            if (width < Narrowest)
                continue;
            double share = 100.0 * callee.Weight / Math.Max(root.Weight, 1);
            canvas.Rectangle(
                left, row * RowHeight, width, RowHeight, $"frame f{ColourOf(callee.Name)}", $"{callee.Name}\n{describe(callee.Weight)}, {Text.Number(share, "0.0")} %");
            if (Label(callee.Name, width) is { Length: > 2 } label)
                canvas.Text(left + 4, (row * RowHeight) + 13, label, "small label");
            DrawCallees(canvas, callee, left, row + 1);
            left += width;
        }
    }

    private string Label(string name, double width)
    {
        int room = (int)((width - 8) / CharacterWidth);
        string label = name.Length <= room ? name : abbreviate(name);
        return label.Length <= room ? label : room < 4 ? string.Empty : $"{label[..(room - 1)]}…";
    }

    // By type: the methods of one have one colour, in every page.
    private static int ColourOf(string frame)
    {
        string type = frame.LastIndexOf('.') is > 0 and var dot ? frame[..dot] : frame;
        uint hash = 2166136261;
        foreach (char c in type)
            hash = (hash ^ c) * 16777619;
        return (int)(hash % Colours) + 1;
    }
}
