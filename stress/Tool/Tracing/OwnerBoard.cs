using System.Globalization;
using Microsoft.Diagnostics.Tracing;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// The owners of a process by the events of a live session. One thread reads events into it, any may look.
/// </summary>
internal sealed class OwnerBoard
{
    /// <summary>Points of <see cref="OwnerFigures.Committed"/>.</summary>
    public const int History = 40;

    // Two events at nearly one time (a report on demand beside the regular one) would give a rate of nothing or of everything.
    private const double ShortestSeconds = 0.01;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, OwnerFigures> _owners = [];
    private long _dropped;
    private long _disposed;

    /// <summary>Owners that have been disposed of since the session began. They are not kept: a service may make one for each request.</summary>
    public long Disposed => Volatile.Read(ref _disposed);

    /// <summary>Events that found the buffers full, so far.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>The living owners in the order of their creation.</summary>
    public IReadOnlyList<OwnerFigures> Snapshot()
    {
        lock (_lock)
            return [.. _owners.Values];
    }

    /// <summary>Reads to the end of the stream.</summary>
    public void Read(Stream events)
    {
        using EventPipeEventSource source = new(events);
        source.Dynamic.AddCallbackForProviderEvents(
            (provider, _) => provider == EventSessions.Engine ? EventFilterResponse.AcceptEvent : EventFilterResponse.RejectProvider,
            data =>
            {
                Take(data);
                Volatile.Write(ref _dropped, source.EventsLost);
            });
        source.Process();
    }

    private void Take(TraceEvent data)
    {
        if (data.EventName is not ("OwnerCreated" or "OwnerDisposed" or "OwnerStatistics" or "BufferStatistics"))
            return;
        long owner = Number(data, "owner");
        lock (_lock)
        {
            if (data.EventName == "OwnerDisposed")
            {
                _owners.Remove(owner);
                Volatile.Write(ref _disposed, _disposed + 1);
                return;
            }

            // Figures of one that has not been named (yet) are those of a disposed one, told late, or come again.
            OwnerFigures? known = _owners.GetValueOrDefault(owner);
            if (known is null && data.EventName != "OwnerCreated")
                return;
            known ??= new OwnerFigures { Owner = owner };
            _owners[owner] = data.EventName switch
            {
                "OwnerCreated" => known with { Name = Word(data, "name"), Kind = Word(data, "kind") },
                "BufferStatistics" => known with { Buffers = Buffers(known.Buffers, data) },
                _ => Statistics(known, data),
            };
        }
    }

    private static OwnerFigures Statistics(OwnerFigures known, TraceEvent data)
    {
        double now = data.TimeStampRelativeMSec;
        long exchanges = Number(data, "depotExchanges");
        double seconds = (now - (known.AtMs ?? now)) / 1000;
        long committed = Number(data, "committedBytes");
        return known with
        {
            AtMs = now,
            AllocatedBytes = Number(data, "allocatedBytes"),
            ThreadCachedBytes = Number(data, "threadCachedBytes"),
            DepotCachedBytes = Number(data, "depotCachedBytes"),
            CommittedBytes = committed,
            ReservedBytes = Number(data, "reservedBytes"),
            PeakCommittedBytes = Number(data, "peakCommittedBytes"),
            DepotMagazines = Number(data, "depotMagazines"),
            DepotExchanges = exchanges,
            ReclaimedMagazines = Number(data, "reclaimedMagazines"),
            Threads = Number(data, "threads"),
            InjectedFaults = Number(data, "injectedFaults"),

            ExchangesPerSecond = seconds > ShortestSeconds ? (exchanges - known.DepotExchanges) / seconds : known.ExchangesPerSecond,
            Committed = [.. known.Committed.TakeLast(History - 1), committed],
        };
    }

    private static BufferCounts Buffers(BufferCounts? known, TraceEvent data)
    {
        double now = data.TimeStampRelativeMSec;
        long handOvers = Number(data, "handOvers");
        double seconds = (now - (known?.AtMs ?? now)) / 1000;
        return new BufferCounts(
            now,
            Number(data, "importers"),
            Number(data, "orphanedBytes"),
            Number(data, "revocations"),
            handOvers,
            seconds > ShortestSeconds ? (handOvers - known!.HandOvers) / seconds : known?.HandOversPerSecond ?? 0);
    }

    private static long Number(TraceEvent data, string field) => Convert.ToInt64(data.PayloadByName(field), CultureInfo.InvariantCulture);

    private static string Word(TraceEvent data, string field) => (string)data.PayloadByName(field);
}
