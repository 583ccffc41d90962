using System.Runtime.ExceptionServices;

namespace MagAlloc.Tests.Iova.Support;

/// <summary>A second thread, with caches of its own, that does what it is told while the first one waits: nothing depends on timing.</summary>
internal sealed class Partner : IDisposable
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private readonly Thread _thread;
    private Action? _work;
    private Exception? _failure;

    public Partner()
    {
        _thread = new Thread(Serve) { IsBackground = true, Name = "partner" };
        _thread.Start();
    }

    public void Do(Action work)
    {
        _work = work;
        _asked.Release();
        Assert.That(_done.Wait(TimeSpan.FromSeconds(30)), Is.True, "the partner hangs");
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Capture(_failure).Throw();
        }
    }

    public void Dispose()
    {
        _work = null;
        _asked.Release();
        _thread.Join();
        _asked.Dispose();
        _done.Dispose();
    }

    private void Serve()
    {
        while (true)
        {
            _asked.Wait();
            if (_work is null)
            {
                return;
            }

            try
            {
                _work();
            }
            catch (Exception e)
            {
                _failure = e;
            }

            _done.Release();
        }
    }
}
