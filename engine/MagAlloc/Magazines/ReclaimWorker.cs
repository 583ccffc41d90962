using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>A thread that runs reclaim passes at an interval while there is something to reclaim, and seldom otherwise.</summary>
/// <remarks>
/// The counterpart of the kernel's delayed work: armed by whoever brings memory home, it re-arms itself while a pass says
/// that there is more. Arming is one store, without a wake-up: every event of the runtime takes a lock to wake a sleeper, and
/// a free must not wait for one. So the worker looks at the flag by itself, at first every interval and, while it is
/// not armed, ever less often, down to once in eight.
/// </remarks>
internal sealed class ReclaimWorker : IDisposable
{
    private const int StackBytes = 256 * 1024;
    private const int Asleep = 0;
    private const int Armed = 1;
    private const int LongestPause = 8;

    private readonly TimeSpan _interval;
    private readonly Func<ReclaimOutlook> _pass;
    private readonly ManualResetEventSlim _stop = new(initialState: false, spinCount: 0);
    private readonly Thread _thread;
    private int _state;

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
            _stop.Dispose();
            throw new OutOfMemoryException("The reclaim worker could not be started.", refused);
        }
    }

    /// <summary>Makes the next pass come within eight intervals. A plain read when it is armed already.</summary>
    public void Arm()
    {
        if (Atomic.Load(ref _state) == Asleep)
        {
            Atomic.Store(ref _state, Armed);
        }
    }

    /// <summary>Stops the thread and waits for it. Not callable from the pass itself.</summary>
    public void Dispose()
    {
        Uninterrupted.Set(_stop);
        Uninterrupted.Join(_thread);
    }

    private void Run()
    {
        ReclaimOutlook outlook = ReclaimOutlook.Watching;
        TimeSpan pause = _interval;
        TimeSpan sincePass = TimeSpan.Zero;
        while (!_stop.Wait(pause))
        {
            sincePass += pause;
            bool armed = Atomic.Load(ref _state) == Armed;
            if (armed || outlook == ReclaimOutlook.Pending
                || (outlook == ReclaimOutlook.Watching && sincePass >= _interval * LongestPause))
            {
                // Lowered before the pass and raised by whoever brings something home during it: nothing that came home
                // is left without a pass after it.
                Atomic.Store(ref _state, Asleep);
                outlook = _pass();
                sincePass = TimeSpan.Zero;
                pause = _interval;
            }
            else if (pause < _interval * LongestPause)
            {
                pause *= 2;
            }
        }
    }
}
