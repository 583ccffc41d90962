namespace MagAlloc.Tests.Ends.Support;

/// <summary>A thread that does what it is told, and sleeps in between.</summary>
internal sealed class Servant : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _answered = new(0);
    private Action? _deed;
    private Exception? _failure;

    public Servant()
    {
        Thread = new Thread(Run) { IsBackground = true, Name = "servant" };
        Thread.Start();
    }

    public Thread Thread { get; }

    /// <summary>Has the thread do something, and waits for it.</summary>
    public void Do(Action deed)
    {
        _failure = null;
        _deed = deed;
        _asked.Release();
        Assert.That(_answered.Wait(s_limit), Is.True, "the servant has not come back");
        if (_failure is not null)
        {
            throw new AggregateException("on the servant's thread", _failure);
        }
    }

    public void Dispose()
    {
        _asked.Release();
        Thread.Join(s_limit);
        _asked.Dispose();
        _answered.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _asked.Wait();
            if (_deed is null)
            {
                return;
            }

            DoOne();
            _answered.Release();
        }
    }

    // A frame of its own, so that nothing of the deed stays on the stack of the thread that sleeps.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private void DoOne()
    {
        try
        {
            _deed!();
        }
        catch (Exception e)
        {
            _failure = e;
        }

        _deed = null;
    }
}
