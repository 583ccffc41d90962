namespace MagAlloc.Interleaving.Exploration;

/// <summary>Lets one waiting thread go on. Who waits sleeps at once: all threads of a crew share a processor, so that spinning keeps out the one that is waited for.</summary>
internal sealed class Turn : IDisposable
{
    private readonly ManualResetEventSlim _given = new(false, spinCount: 0);

    public void Give() => _given.Set();

    /// <returns>False when it was not given in that time.</returns>
    public bool Await(int milliseconds = Timeout.Infinite)
    {
        bool given = _given.Wait(milliseconds);
        if (given)
        {
            _given.Reset();
        }

        return given;
    }

    public void Dispose() => _given.Dispose();
}
