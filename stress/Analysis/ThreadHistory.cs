namespace MagAlloc.Stress.Analysis;

/// <summary>What a trace says of one thread of the process.</summary>
internal sealed class ThreadHistory(int id)
{
    // Threads tell of their exchanges a few times a second; after a longer silence nobody knows when within it they came to pass.
    private const double LongestSpan = 0.3;

    public int Id { get; } = id;

    /// <summary>How often it exchanged with depots, in which span of time: an event stands for what came to pass since the one before.</summary>
    public List<(double From, double To, long Count)> Exchanges { get; } = [];

    /// <summary>Magazines that it took out of depots.</summary>
    public long FromDepot { get; private set; }

    /// <summary>Magazines that it brought to depots.</summary>
    public long ToDepot { get; private set; }

    public long SlabsClaimed { get; set; }

    public long SlabBytesClaimed { get; set; }

    public long SampledAllocations { get; set; }

    public long SampledBytes { get; set; }

    public double FirstSeconds { get; set; } = double.MaxValue;

    public double LastSeconds { get; set; }

    public long TotalExchanges => FromDepot + ToDepot;

    public string Title => $"thread {Id}";

    public void Exchanged(double seconds, long fromDepot, long toDepot)
    {
        double since = Exchanges.Count == 0 ? FirstSeconds : Exchanges[^1].To;
        Exchanges.Add((Math.Max(since, seconds - LongestSpan), seconds, fromDepot + toDepot));
        FromDepot += fromDepot;
        ToDepot += toDepot;
    }

    public void Seen(double seconds)
    {
        FirstSeconds = Math.Min(FirstSeconds, seconds);
        LastSeconds = Math.Max(LastSeconds, seconds);
    }
}
