namespace MagAlloc.Tool.Tracing;

/// <summary>One heap, pool, cache, domain or queue of buffers as its last statistics event told it.</summary>
internal sealed record OwnerFigures
{
    public required long Owner { get; init; }

    public string Name { get; init; } = string.Empty;

    /// <summary>heap, pool, cache, domain or buffers.</summary>
    public string Kind { get; init; } = string.Empty;

    /// <summary>Of the statistics event, since the session began; null before the first.</summary>
    public double? AtMs { get; init; }

    public long AllocatedBytes { get; init; }

    public long ThreadCachedBytes { get; init; }

    public long DepotCachedBytes { get; init; }

    public long CommittedBytes { get; init; }

    public long ReservedBytes { get; init; }

    public long PeakCommittedBytes { get; init; }

    public long DepotMagazines { get; init; }

    public long DepotExchanges { get; init; }

    public long ReclaimedMagazines { get; init; }

    public long Threads { get; init; }

    public long InjectedFaults { get; init; }

    /// <summary>Of a queue of exportable buffers.</summary>
    public BufferCounts? Buffers { get; init; }

    /// <summary>Between the last two statistics events.</summary>
    public double ExchangesPerSecond { get; init; }

    /// <summary>Committed bytes of the last statistics events, oldest first.</summary>
    public IReadOnlyList<long> Committed { get; init; } = [];
}
