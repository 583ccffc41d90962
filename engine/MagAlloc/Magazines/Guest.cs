namespace MagAlloc.Magazines;

/// <summary>Keeps an engine's memory mapped for a thread that has no cache there, until it is disposed.</summary>
internal readonly ref struct Guest(ICacheOwner engine)
{
    public void Dispose() => engine.Leave();
}
