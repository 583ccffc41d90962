namespace MagAlloc.Tests.Heap.Support;

/// <summary>A thread that sleeps between the times that it is told to work.</summary>
internal sealed class Sleeper : IDisposable
{
    private readonly Thread _thread;
    private readonly SemaphoreSlim _go = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private bool _isOver;
    private Exception? _failure;

    /// <param name="work">What it does each time.</param>
    /// <param name="around">What is around its whole life.</param>
    public Sleeper(Action work, Action<Action>? around = null)
    {
        _thread = new Thread(() => (around ?? (inside => inside()))(() => Run(work))) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Returns when the thread has worked once, and sleeps.</summary>
    public void RunOnce()
    {
        _go.Release();
        _done.Wait();
        Assert.That(_failure, Is.Null);

        // Not the wait for a lock of the semaphore's, on the way to the long one.
        SpinUntilAsleep();
        Thread.Sleep(5);
        SpinUntilAsleep();
    }

    private void SpinUntilAsleep() => SpinWait.SpinUntil(() => (_thread.ThreadState & ThreadState.WaitSleepJoin) != 0);

    public void Dispose()
    {
        _isOver = true;
        _go.Release();
        _thread.Join();
        _go.Dispose();
        _done.Dispose();
    }

    private void Run(Action work)
    {
        while (true)
        {
            _go.Wait();
            if (_isOver)
            {
                return;
            }

            try
            {
                work();
            }
#pragma warning disable CA1031 // The test shows it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure = e;
            }

            _done.Release();
        }
    }
}
