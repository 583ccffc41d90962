namespace MagAlloc.Stress.Iova;

/// <summary>
/// Lets one participant act while all others stand still between two operations: only then is it exact what is free. A
/// participant says at its every step that it may be stopped (<see cref="Check"/>); that costs a read while nobody wants it.
/// </summary>
internal sealed class StandStill(int participants)
{
    private readonly object _gate = new();
    private int _active = participants;
    private int _standing;
    private bool _wanted;

    /// <summary>To be called between two operations; returns at once, or when the one who wanted it is done.</summary>
    public void Check()
    {
        if (!Volatile.Read(ref _wanted))
            return;
        lock (_gate)
            StandWhileWanted();
    }

    /// <summary>As <see cref="Check"/>, but sleeps for this long, and can be stopped meanwhile.</summary>
    public void Sleep(TimeSpan time)
    {
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        lock (_gate)
        {
            do
            {
                StandWhileWanted();
                long rest = end - Environment.TickCount64;
                if (rest > 0)
                    Monitor.Wait(_gate, TimeSpan.FromMilliseconds(rest));
            }
            while (Environment.TickCount64 < end);
            StandWhileWanted();
        }
    }

    /// <summary>A participant ends.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _active--;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Runs the action while all others stand still; when another one is first, stands still for him first.</summary>
    public void Run(Action action)
    {
        lock (_gate)
        {
            StandWhileWanted();
            _wanted = true;
            Monitor.PulseAll(_gate);
            while (_standing < _active - 1)
                Monitor.Wait(_gate);
            try
            {
                action();
            }
            finally
            {
                _wanted = false;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void StandWhileWanted()
    {
        if (!_wanted)
            return;
        _standing++;
        Monitor.PulseAll(_gate);
        while (_wanted)
            Monitor.Wait(_gate);
        _standing--;
    }
}
