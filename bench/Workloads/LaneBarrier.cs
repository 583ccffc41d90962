namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Where all lanes of a cell wait for each other, asleep: a lane that spins would take a processor from the threads that the
/// others have started.
/// </summary>
internal sealed class LaneBarrier(int lanes)
{
    private readonly object _gate = new();
    private int _arrived;
    private long _phase;
    private bool _abandoned;

    /// <exception cref="OperationCanceledException">Another lane has failed and will not come.</exception>
    public void Await()
    {
        lock (_gate)
        {
            long phase = _phase;
            if (++_arrived == lanes)
            {
                _arrived = 0;
                _phase++;
                Monitor.PulseAll(_gate);
            }

            while (_phase == phase)
            {
                if (_abandoned)
                    throw new OperationCanceledException("Another lane has failed.");
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Whoever waits, now or later, ends with an exception.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _abandoned = true;
            Monitor.PulseAll(_gate);
        }
    }
}
