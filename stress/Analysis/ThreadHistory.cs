namespace MagAlloc.Stress.Analysis;

/// <summary>What a trace says of one thread of the process.</summary>
internal sealed class ThreadHistory(int id)
{
    public int Id { get; } = id;

    /// <summary>When it exchanged with depots, and how often.</summary>
    public List<(double Seconds, long Count)> Exchanges { get; } = [];

    /// <summary>Magazines that it took out of depots.</summary>
    public long FromDepot { get; set; }

    /// <summary>Magazines that it brought to depots.</summary>
    public long ToDepot { get; set; }

    public long SlabsClaimed { get; set; }

    public long SlabBytesClaimed { get; set; }

    public long SampledAllocations { get; set; }

    public long SampledBytes { get; set; }

    public double FirstSeconds { get; set; } = double.MaxValue;

    public double LastSeconds { get; set; }

    public long TotalExchanges => FromDepot + ToDepot;

    public string Title => $"thread {Id}";

    public void Seen(double seconds)
    {
        FirstSeconds = Math.Min(FirstSeconds, seconds);
        LastSeconds = Math.Max(LastSeconds, seconds);
    }
}
