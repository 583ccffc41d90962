namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>A logarithmic axis for ratios: twice as much and half as much lie equally far from 1.</summary>
internal sealed class LogScale
{
    private static readonly double[] s_steps = [1, 2, 5];

    private readonly double _from;
    private readonly double _to;
    private readonly double _low;
    private readonly double _high;

    /// <param name="values">What is to be shown; 1 always is.</param>
    /// <param name="from">Where the axis begins on the canvas.</param>
    /// <param name="to">Where it ends.</param>
    public LogScale(IEnumerable<double> values, double from, double to)
    {
        double[] shown = [1, .. values];
        _from = from;
        _to = to;
        _low = Math.Log(Math.Min(shown.Min(), 0.5)) - 0.05;
        _high = Math.Log(Math.Max(shown.Max(), 2)) + 0.05;
    }

    /// <summary>1, 2 and 5 of each decade within the axis; of a long one only the decades.</summary>
    public IEnumerable<double> Ticks
    {
        get
        {
            bool dense = _high - _low < Math.Log(1000);
            for (int decade = (int)Math.Floor(_low / Math.Log(10)); decade <= _high / Math.Log(10); decade++)
            {
                foreach (double step in dense ? s_steps : s_steps[..1])
                {
                    double tick = step * Math.Pow(10, decade);
                    if (Math.Log(tick) >= _low && Math.Log(tick) <= _high)
                        yield return tick;
                }
            }
        }
    }

    public double this[double value] => _from + ((Math.Log(value) - _low) / (_high - _low) * (_to - _from));
}
