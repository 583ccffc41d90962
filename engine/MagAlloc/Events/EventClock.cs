using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>The thread that writes what is told at intervals. Runs only while a session wants it.</summary>
/// <remarks>
/// A thread of its own and not a timer: in a program whose thread pool is exhausted, which is when somebody looks, timers do not
/// fire. It lives in the background and ends by itself when the last session does.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "One a process, for as long as it lives.")]
internal sealed class EventClock(MagAllocEventSource log)
{
    private const int StackBytes = 256 * 1024;
    private const int Stopped = 0;
    private const int Running = 1;

    private readonly MagAllocEventSource _log = log;
    private readonly AutoResetEvent _changed = new(initialState: false);
    private int _state;

    /// <summary>A session has begun or changed.</summary>
    public void Wake()
    {
        _changed.Set();
        if (Atomic.CompareExchange(ref _state, Running, Stopped) != Stopped)
        {
            return;
        }

        try
        {
            new Thread(Run, StackBytes) { IsBackground = true, Name = "MagAlloc statistics" }.UnsafeStart();
        }
        catch (Exception refused) when (refused is OutOfMemoryException or ThreadStartException)
        {
            // Without the thread a session gets everything but the figures at intervals; the next command tries again.
            Atomic.Store(ref _state, Stopped);
        }
    }

    private void Run()
    {
        long lastBeat = Stopwatch.GetTimestamp();
        long lastStatistics = lastBeat;
        while (true)
        {
            (int turn, int beat, int statistics) = _log.Periods;
            if (_changed.WaitOne(turn))
            {
                // Another period, or nobody left. A session's first figures are written by the command itself.
                continue;
            }

            bool newBeat = Stopwatch.GetElapsedTime(lastBeat).TotalMilliseconds >= beat;
            lastBeat = newBeat ? Stopwatch.GetTimestamp() : lastBeat;

            // Where every turn is one of figures, a turn that comes a little early must not be passed over.
            bool newStatistics = turn == statistics || Stopwatch.GetElapsedTime(lastStatistics).TotalMilliseconds >= statistics;
            lastStatistics = newStatistics ? Stopwatch.GetTimestamp() : lastStatistics;
            if (!_log.Turn(newBeat, newStatistics))
            {
                Atomic.Store(ref _state, Stopped);

                // Dekker with Wake: a session that began in between finds the state or sets the event.
                Atomic.Fence();
                if (!_changed.WaitOne(0) || Atomic.CompareExchange(ref _state, Running, Stopped) != Stopped)
                {
                    return;
                }
            }
        }
    }
}
