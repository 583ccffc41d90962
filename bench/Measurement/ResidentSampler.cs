using System.Diagnostics;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Bench.Measurement;

/// <summary>Samples the resident set every 20 ms on a thread of its own, from its making until a time has passed.</summary>
internal sealed class ResidentSampler : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);

    private readonly ResidentSet _set = new();
    private readonly List<ResidentPoint> _points;
    private readonly Thread _thread;
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _ticksToGo = long.MaxValue;

    /// <param name="expected">About how long it will sample: its list shall not grow while it does.</param>
    public ResidentSampler(TimeSpan expected)
    {
        _points = new List<ResidentPoint>(1024 + (int)(expected / s_interval));
        _thread = new Thread(Sample) { IsBackground = true, Name = "resident set" };
        _thread.Start();
    }

    /// <summary>Since it was made: the clock of its samples.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>It ends this long after now.</summary>
    public void EndAfter(TimeSpan time) => Volatile.Write(ref _ticksToGo, (Elapsed + time).Ticks);

    /// <summary>Waits for the end; the samples in their order.</summary>
    public IReadOnlyList<ResidentPoint> Await()
    {
        _thread.Join();
        return _points;
    }

    public void Dispose()
    {
        EndAfter(TimeSpan.Zero);
        _thread.Join();
        _set.Dispose();
    }

    private void Sample()
    {
        while (true)
        {
            TimeSpan now = Stopwatch.GetElapsedTime(_start);
            _points.Add(new ResidentPoint(Math.Round(now.TotalMilliseconds, 1), _set.Bytes()));
            if (now.Ticks >= Volatile.Read(ref _ticksToGo))
                return;
            Thread.Sleep(s_interval);
        }
    }
}
