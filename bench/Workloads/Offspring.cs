using System.Runtime.ExceptionServices;

namespace MagAlloc.Bench.Workloads;

/// <summary>A thread that a workload gives birth to. What it throws comes out where it is joined.</summary>
internal sealed class Offspring
{
    // Its stack is mapped within the measured time: no more than the shallow workloads need.
    private const int StackBytes = 256 << 10;

    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    private Offspring(Action body) =>
        _thread = new Thread(() => Live(body), StackBytes) { IsBackground = true, Name = "offspring" };

    public static Offspring Start(Action body)
    {
        Offspring offspring = new(body);
        offspring._thread.Start();
        return offspring;
    }

    public void Join()
    {
        _thread.Join();
        _failure?.Throw();
    }

    private void Live(Action body)
    {
        try
        {
            body();
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
    }
}
