using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace MagAlloc.Bench.Measurement;

/// <summary>
/// The threads that execute every workload: the same ones over the whole run, because threads that are born for a round would
/// put the allocators' thread birth and death into it. Lanes start together; the time of a round is from the first lane's start
/// to the last lane's end.
/// </summary>
/// <remarks>One thread runs rounds. A lane that fails makes <see cref="Run"/> throw its exception, when all lanes have ended.</remarks>
internal sealed class LaneTeam : IDisposable
{
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _calls;
    private readonly SemaphoreSlim _ended = new(0);
    private readonly long[] _starts;
    private readonly long[] _ends;
    private LaneTask? _task;
    private int _awaited;
    private ExceptionDispatchInfo? _failure;

    public LaneTeam(int lanes)
    {
        _starts = new long[lanes];
        _ends = new long[lanes];
        _calls = new SemaphoreSlim[lanes];
        _threads = new Thread[lanes];
        for (int i = 0; i < lanes; i++)
        {
            int lane = i;
            _calls[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Serve(lane)) { IsBackground = true, Name = $"lane {lane}" };
            _threads[i].Start();
        }
    }

    /// <summary>Runs the task on the first <paramref name="lanes"/> lanes and returns its time.</summary>
    public TimeSpan Run(int lanes, LaneTask task)
    {
        _task = task;
        _failure = null;
        _awaited = lanes;
        for (int i = 0; i < lanes; i++)
            _calls[i].Release();
        for (int i = 0; i < lanes; i++)
            _ended.Wait();
        _task = null;
        _failure?.Throw();
        return Stopwatch.GetElapsedTime(_starts.Take(lanes).Min(), _ends.Take(lanes).Max());
    }

    public void Dispose()
    {
        for (int i = 0; i < _threads.Length; i++)
        {
            // No task: the lane ends.
            _calls[i].Release();
            _threads[i].Join();
            _calls[i].Dispose();
        }

        _ended.Dispose();
    }

    private void Serve(int lane)
    {
        while (true)
        {
            _calls[lane].Wait();
            if (_task is not { } task)
                return;
            Execute(lane, task);
            _ended.Release();
        }
    }

    private void Execute(int lane, LaneTask task)
    {
        Interlocked.Decrement(ref _awaited);
        SpinWait spin = default;
        while (Volatile.Read(ref _awaited) > 0)
            spin.SpinOnce(sleep1Threshold: -1);

        try
        {
            _starts[lane] = Stopwatch.GetTimestamp();
            task.Body(lane);
            _ends[lane] = Stopwatch.GetTimestamp();
        }
        catch (Exception e)
        {
            // The first failure is the cause; the others are lanes that were told to stop.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            task.Abandon();
        }
    }
}
