using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <summary>
/// Keeps a domain's memory mapped for an operation of this thread: by its cache, which is pinned, or, where there is no memory for
/// one, as a guest.
/// </summary>
internal readonly unsafe ref struct IovaOperation
{
    private readonly IovaEngine<IovaSource> _engine;

    /// <exception cref="ObjectDisposedException">The domain is disposed.</exception>
    public IovaOperation(IovaEngine<IovaSource> engine)
    {
        _engine = engine;
        Cache = engine.IsClosed ? null : engine.Current();
        if (Cache != null)
        {
            engine.Pin(Cache);
        }
        else
        {
            engine.Enter();
        }
    }

    /// <summary>This thread's cache, or null for a guest.</summary>
    public ThreadCache* Cache { get; }

    public void Dispose()
    {
        if (Cache != null)
        {
            _engine.Unpin(Cache);
        }
        else
        {
            _engine.Leave();
        }
    }
}
