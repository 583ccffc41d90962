using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>A thread that runs reclaim passes at an interval while there is something to reclaim, and sleeps otherwise.</summary>
/// <remarks>
/// The counterpart of the kernel's delayed work: armed by an exchange with a depot, it re-arms itself while a pass says
/// that there is more. While it only watches for threads that end, the pause doubles up to 32 intervals.
/// </remarks>
internal sealed class ReclaimWorker : IDisposable
{
    private const int StackBytes = 256 * 1024;
    private const int Asleep = 0;
    private const int Armed = 1;
    private const int LongestPause = 32;

    private readonly TimeSpan _interval;
    private readonly Func<ReclaimOutlook> _pass;
    private readonly ManualResetEventSlim _wake = new(initialState: false, spinCount: 0);
    private readonly Thread _thread;
    private int _state;
    private int _stop;

    /// <exception cref="OutOfMemoryException">The thread could not be started.</exception>
    public ReclaimWorker(string owner, TimeSpan interval, Func<ReclaimOutlook> pass)
    {
        _interval = interval;
        _pass = pass;
        _thread = new Thread(Run, StackBytes)
        {
            IsBackground = true,
            Name = $"MagAlloc reclaim ({owner})",
        };

        try
        {
            _thread.UnsafeStart();
        }
        catch (Exception refused) when (refused is OutOfMemoryException or ThreadStartException)
        {
            _wake.Dispose();
            throw new OutOfMemoryException("The reclaim worker could not be started.", refused);
        }
    }

    /// <summary>Makes the next pass come within one interval. A plain read when it is armed already.</summary>
    public void Arm()
    {
        if (Atomic.Load(ref _state) == Asleep && Atomic.Exchange(ref _state, Armed) == Asleep)
        {
            _wake.Set();
        }
    }

    /// <summary>Stops the thread and waits for it. Not callable from the pass itself.</summary>
    public void Dispose()
    {
        Atomic.Store(ref _stop, 1);
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        TimeSpan pause = Timeout.InfiniteTimeSpan;
        while (true)
        {
            if (_wake.Wait(pause) && Atomic.Load(ref _stop) == 0)
            {
                // Armed: the pass comes one interval later, as the kernel's delayed work does. Only a stop cuts it short.
                _wake.Reset();
                _wake.Wait(_interval);
            }

            if (Atomic.Load(ref _stop) != 0)
            {
                return;
            }

            // Lowered before the pass and raised by whoever pushes during it: no push is left without a pass after it.
            Atomic.Store(ref _state, Asleep);
            pause = NextPause(_pass(), pause);
        }
    }

    private TimeSpan NextPause(ReclaimOutlook outlook, TimeSpan last)
    {
        switch (outlook)
        {
            case ReclaimOutlook.Pending:
                // The next pass is due anyway, so pushes need not wake this thread.
                Atomic.Store(ref _state, Armed);
                return _interval;

            case ReclaimOutlook.Watching:
                TimeSpan next = last > TimeSpan.Zero ? last * 2 : _interval;
                return next < _interval * LongestPause ? next : _interval * LongestPause;

            default:
                return Timeout.InfiniteTimeSpan;
        }
    }
}
