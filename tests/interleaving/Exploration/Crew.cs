namespace MagAlloc.Interleaving.Exploration;

/// <summary>The OS threads that one exploration uses over and over.</summary>
internal sealed class Crew : IDisposable
{
    private readonly List<VirtualThread> _threads = [];
    private bool _abandoned;

    public SemaphoreSlim Done { get; } = new(0);

    public VirtualThread[] Of(int count)
    {
        while (_threads.Count < count)
        {
            _threads.Add(new VirtualThread(_threads.Count));
        }

        return [.. _threads.Take(count)];
    }

    /// <summary>After a failure the threads stand in the middle of things and are left there.</summary>
    public void Abandon() => _abandoned = true;

    public void Dispose()
    {
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
