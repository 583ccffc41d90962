using MagAlloc.Tool.Analysis;
using MagAlloc.Tool.Analysis.Reading;
using Microsoft.Diagnostics.Tracing;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// The owners of a process by the events of a live session. One thread reads events into it, any may look.
/// </summary>
internal sealed class OwnerBoard
{
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
        Payload payload = new(data);
        long owner = payload["owner"];
        double seconds = data.TimeStampRelativeMSec / 1000;
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
                "OwnerCreated" => known with { Name = payload.Text("name"), Kind = payload.Text("kind") },
                "BufferStatistics" => known.With(BufferSample.Of(payload, seconds)),
                _ => known.With(OwnerSample.Of(payload, seconds)),
            };
        }
    }
}
