namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Threads that succeed one another: each does its work, starts its successor and dies, so that the death of one falls into the
/// life of the next.
/// </summary>
internal sealed class Dynasty
{
    private readonly Action _work;
    private readonly long _successors;
    private readonly Offspring _thread;
    private Dynasty? _heir;

    private Dynasty(Action work, long successors)
    {
        _work = work;
        _successors = successors;
        _thread = Offspring.Start(Reign);
    }

    /// <summary>Runs <paramref name="work"/> on so many threads; returns when the last one has ended.</summary>
    public static void Run(long generations, Action work)
    {
        Dynasty? reigning = new(work, generations - 1);
        while (reigning is not null)
        {
            // The heir is known once its predecessor has ended; without one that was the last, or it has failed and throws.
            reigning._thread.Join();
            reigning = reigning._heir;
        }
    }

    private void Reign()
    {
        _work();
        if (_successors > 0)
            _heir = new Dynasty(_work, _successors - 1);
    }
}
