namespace MagAlloc.Iova;

/// <summary>No free range of an <see cref="IovaDomain"/> meets a request. The domain has changed nothing and stays usable.</summary>
public sealed class IovaExhaustedException : Exception
{
    internal IovaExhaustedException(string domainName, ulong size, ulong limitPfn, string books)
        : base($"{domainName}: no free range of {size} pfns at or below pfn 0x{limitPfn:x}. {books}")
    {
        Size = size;
        LimitPfn = limitPfn;
    }

    /// <summary>Pfns that were asked for.</summary>
    public ulong Size { get; }

    /// <summary>The highest pfn that the range could have.</summary>
    public ulong LimitPfn { get; }
}
