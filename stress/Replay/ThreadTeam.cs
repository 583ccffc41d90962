using System.Runtime.ExceptionServices;

namespace MagAlloc.Stress.Replay;

/// <summary>
/// Real threads that start together at a gate and are joined together. The first exception of any of them tells the others
/// to give up, and is thrown again, with its stack, from <see cref="Join"/>.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
    private readonly ManualResetEventSlim _gate = new();
    private readonly Thread[] _threads;
    private readonly Action<int> _body;
    private readonly Action _giveUp;
    private ExceptionDispatchInfo? _failure;

    public ThreadTeam(int count, string name, Action<int> body, Action giveUp)
    {
        _body = body;
        _giveUp = giveUp;
        _threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            int number = i;
            _threads[i] = new Thread(() => Work(number)) { IsBackground = true, Name = $"{name} {i}" };
            _threads[i].Start();
        }
    }

    public void Release() => _gate.Set();

    public void Join()
    {
        foreach (Thread thread in _threads)
            thread.Join();
        _failure?.Throw();
    }

    public void Dispose()
    {
        _giveUp();
        Release();
        foreach (Thread thread in _threads)
            thread.Join();
        _gate.Dispose();
    }

    private void Work(int number)
    {
        try
        {
            _gate.Wait();
            _body(number);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            _giveUp();
        }
    }
}
