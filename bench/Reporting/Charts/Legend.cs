using MagAlloc.Tooling.Reporting.Charts;

namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>Names beside their colours, in as many rows as the width asks for.</summary>
internal sealed class Legend
{
    private const double RowHeight = 20;
    private const double Swatch = 11;
    private const double Gap = 18;

    private readonly List<(string Name, int Colour, double X, int Row)> _entries = [];
    private readonly int _rows;

    public Legend(IEnumerable<(string Name, int Colour)> entries, double width)
    {
        double x = 0;
        foreach ((string name, int colour) in entries)
        {
            double wanted = Swatch + 6 + SvgCanvas.WidthOf(name) + Gap;
            if (x > 0 && x + wanted > width)
            {
                x = 0;
                _rows++;
            }

            _entries.Add((name, colour, x, _rows));
            x += wanted;
        }

        _rows++;
    }

    public double Height => _rows * RowHeight;

    public void Draw(SvgCanvas canvas, double left, double top)
    {
        foreach ((string name, int colour, double x, int row) in _entries)
        {
            double y = top + (row * RowHeight);
            canvas.Rectangle(left + x, y + 3, Swatch, Swatch, $"f{colour}", name);
            canvas.Text(left + x + Swatch + 6, y + 13, name);
        }
    }
}
