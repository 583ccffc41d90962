using MagAlloc.Tool.Analysis;

namespace MagAlloc.Tool.Tracing;

/// <summary>One heap, pool, cache, domain or queue of buffers as its last statistics events told it.</summary>
internal sealed record OwnerFigures
{
    /// <summary>Points of <see cref="Committed"/>.</summary>
    private const int History = 40;

    // Two events at nearly one time (a report on demand beside the regular one) would give a rate of nothing or of everything.
    private const double ShortestSeconds = 0.01;

    public required long Owner { get; init; }

    public string Name { get; init; } = string.Empty;

    /// <summary>heap, pool, cache, domain or buffers.</summary>
    public string Kind { get; init; } = string.Empty;

    /// <summary>Null before the first.</summary>
    public OwnerSample? Last { get; init; }

    /// <summary>Of a queue of exportable buffers.</summary>
    public BufferSample? Buffers { get; init; }

    /// <summary>Between the last two statistics events.</summary>
    public double ExchangesPerSecond { get; init; }

    public double HandOversPerSecond { get; init; }

    /// <summary>Committed bytes of the last statistics events, oldest first.</summary>
    public IReadOnlyList<long> Committed { get; init; } = [];

    public OwnerFigures With(OwnerSample now) => this with
    {
        Last = now,
        ExchangesPerSecond = Rate(Last?.Seconds, now.Seconds, now.DepotExchanges - (Last?.DepotExchanges ?? 0), ExchangesPerSecond),
        Committed = [.. Committed.TakeLast(History - 1), now.CommittedBytes],
    };

    public OwnerFigures With(BufferSample now) => this with
    {
        Buffers = now,
        HandOversPerSecond = Rate(Buffers?.Seconds, now.Seconds, now.HandOvers - (Buffers?.HandOvers ?? 0), HandOversPerSecond),
    };

    private static double Rate(double? from, double to, long count, double otherwise) => from is { } begin && to - begin > ShortestSeconds ? count / (to - begin) : otherwise;
}
