namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>An axis from 0.</summary>
internal sealed class LinearScale
{
    private const int WantedTicks = 5;
    private static readonly double[] s_steps = [1, 2, 2.5, 5, 10];

    private readonly double _from;
    private readonly double _to;
    private readonly double _step;
    private readonly int _steps;
    private readonly double _end;

    /// <summary>An axis that ends at a round number.</summary>
    /// <param name="highest">The value that must be within.</param>
    /// <param name="from">Where the axis begins on the canvas.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="ticks">About so many.</param>
    public LinearScale(double highest, double from, double to, int ticks = WantedTicks)
    {
        double rough = Math.Max(highest, 1e-9) / ticks;
        double decade = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        _from = from;
        _to = to;
        _step = s_steps.First(step => step * decade >= rough * 0.999) * decade;
        _steps = (int)Math.Ceiling(highest / _step * 0.999);
        _steps = Math.Max(_steps, 1);
        _end = _steps * _step;
    }

    private LinearScale(LinearScale round, double end)
    {
        (_from, _to, _step, _end) = (round._from, round._to, round._step, end);
        _steps = (int)(end / _step);
    }

    /// <summary>An axis that ends at the highest value itself, behind its last tick: that of a time, which ends when it ends.</summary>
    public static LinearScale Exactly(double highest, double from, double to, int ticks) => new(new LinearScale(highest, from, to, ticks), highest);

    public IEnumerable<double> Ticks => Enumerable.Range(0, _steps + 1).Select(i => i * _step);

    public double this[double value] => _from + (value / _end * (_to - _from));
}
