using System.Collections.Concurrent;

namespace MagAlloc.Interleaving.Exploration;

/// <summary>The OS threads that one exploration uses over and over.</summary>
internal sealed class Crew : IDisposable
{
    // Fixtures run beside each other; each exploration has a processor for itself, where a hand-over is one context switch and wakes no other one.
    private static readonly ConcurrentBag<int> s_processors = [.. ThreadAffinity.AllowedCpus];

    private readonly List<VirtualThread> _threads = [];
    private bool _abandoned;

    public int Processor { get; } = s_processors.TryTake(out int processor) ? processor : ThreadAffinity.AllowedCpus[0];

    public Turn Done { get; } = new();

    public VirtualThread[] Of(int count)
    {
        while (_threads.Count < count)
        {
            _threads.Add(new VirtualThread(_threads.Count, Processor));
        }

        return [.. _threads.Take(count)];
    }

    /// <summary>After a failure the threads stand in the middle of things and are left there.</summary>
    public void Abandon() => _abandoned = true;

    public void Dispose()
    {
        s_processors.Add(Processor);
        if (_abandoned)
        {
            return;
        }

        foreach (VirtualThread thread in _threads)
        {
            thread.Dispose();
        }

        Done.Dispose();
    }
}
