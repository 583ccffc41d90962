namespace MagAlloc.Tool.Analysis;

/// <summary>What a trace says of one thread of the process.</summary>
internal sealed class ThreadHistory(int id)
{
    // Threads tell of their exchanges a few times a second. After a longer silence nobody knows when within it they came to pass; and of
    // a thread that has ended, another one tells at the next such time.
    private const double LongestSpan = 0.5;
    private const double UsualSpan = 0.3;

    private readonly Dictionary<(long Owner, int SizeClass), double> _told = [];

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

    /// <summary>An event that tells of its exchanges of one size class since the event before of that class.</summary>
    public void Exchanged(long owner, int sizeClass, double seconds, long fromDepot, long toDepot)
    {
        double since = _told.GetValueOrDefault((owner, sizeClass), Math.Max(0, seconds - UsualSpan));
        _told[(owner, sizeClass)] = seconds;
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
