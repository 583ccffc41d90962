using System.Globalization;
using Microsoft.Diagnostics.Tracing;

namespace MagAlloc.Tests.Stress.Tracing;

/// <summary>Sums over the engine's events of a trace, made from the raw events: what any other reader of the file would find.</summary>
internal sealed class TracedSums
{
    private readonly Dictionary<string, long> _counts = [];
    private readonly Dictionary<long, (long Exchanges, long Reclaimed)> _books = [];

    public long Dropped { get; private set; }

    public long Reclaimed { get; private set; }

    public long PeakCommitted { get; private set; }

    public long SampledBytes { get; private set; }

    public long Exchanges { get; private set; }

    /// <summary>By the last statistics event of each owner.</summary>
    public long BookedExchanges => _books.Values.Sum(book => book.Exchanges);

    /// <summary>By the last statistics event of each owner.</summary>
    public long BookedReclaimed => _books.Values.Sum(book => book.Reclaimed);

    public long this[string name] => _counts.GetValueOrDefault(name);

    public static TracedSums Of(string file)
    {
        TracedSums sums = new();
        using EventPipeEventSource source = new(file);
        source.Dynamic.All += data =>
        {
            if (data.ProviderName == "MagAlloc")
                sums.Add(data);
        };
        source.Process();
        sums.Dropped = source.EventsLost;
        return sums;
    }

    private static long Number(TraceEvent data, string field) => Convert.ToInt64(data.PayloadByName(field), CultureInfo.InvariantCulture);

    private void Add(TraceEvent data)
    {
        _counts[data.EventName] = this[data.EventName] + 1;
        switch (data.EventName)
        {
            case "MagazineExchanged":
                Exchanges += Number(data, "fromDepot") + Number(data, "toDepot");
                break;
            case "Reclaim/Stop" or "ReclaimStop":
                Reclaimed += Number(data, "magazines");
                break;
            case "OwnerStatistics":
                _books[Number(data, "owner")] = (Number(data, "depotExchanges"), Number(data, "reclaimedMagazines"));
                PeakCommitted = Math.Max(PeakCommitted, Number(data, "peakCommittedBytes"));
                break;
            case "AllocationSampled":
                SampledBytes += Number(data, "weightBytes");
                break;
        }
    }
}
