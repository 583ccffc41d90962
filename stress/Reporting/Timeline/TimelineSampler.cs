using System.Diagnostics;

namespace MagAlloc.Stress.Reporting.Timeline;

/// <summary>
/// A thread that looks at a run at intervals. A long run is looked at less often, so that neither the list nor the work grows with it:
/// when the list is full, every other point goes and the interval doubles.
/// </summary>
internal sealed class TimelineSampler : IDisposable
{
    private const int MostPoints = 1000;

    private readonly List<TimelinePoint> _points;
    private readonly Func<double, TimelinePoint> _look;
    private readonly ManualResetEventSlim _ended = new(initialState: false);
    private readonly Thread _thread;
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _period;

    public TimelineSampler(List<TimelinePoint> points, TimeSpan period, Func<double, TimelinePoint> look)
    {
        _points = points;
        _period = period;
        _look = look;
        _thread = new Thread(Work) { IsBackground = true, Name = "timeline" };
        _thread.Start();
    }

    /// <summary>Takes a last look and ends; what is looked at must still be there.</summary>
    public void Dispose()
    {
        if (_ended.IsSet)
            return;
        _ended.Set();
        _thread.Join();
        _ended.Dispose();
    }

    private void Work()
    {
        do
            Look();
        while (!_ended.Wait(_period));
        Look();
    }

    private void Look()
    {
        _points.Add(_look(Stopwatch.GetElapsedTime(_start).TotalSeconds));
        if (_points.Count < MostPoints)
            return;
        for (int i = 0; i < _points.Count / 2; i++)
            _points[i] = _points[2 * i];
        _points.RemoveRange(_points.Count / 2, _points.Count - (_points.Count / 2));
        _period *= 2;
    }
}
