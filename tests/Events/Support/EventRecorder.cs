using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using MagAlloc.Events;

namespace MagAlloc.Tests.Events.Support;

/// <summary>A session in this process: keeps what it is told.</summary>
internal sealed class EventRecorder : EventListener
{
    public const EventKeywords Everything = (EventKeywords)0x1FFF;

    private readonly ConcurrentQueue<RecordedEvent> _events = new();
    private int _order;

    private EventRecorder()
    {
    }

    /// <summary>Called on the thread that raises an event, behind its recording.</summary>
    public Action<RecordedEvent>? Told { get; set; }

    public static EventRecorder Start(
        EventKeywords keywords = Everything, EventLevel level = EventLevel.Verbose, long sampleBytes = 0, int statisticsMs = 3600 * 1000, long mostSamples = 0)
    {
        var recorder = new EventRecorder();
        recorder.Listen(keywords, level, sampleBytes, statisticsMs, mostSamples);
        return recorder;
    }

    /// <summary>A session without arguments.</summary>
    public static EventRecorder StartPlainly()
    {
        var recorder = new EventRecorder();
        recorder.EnableEvents(MagAllocEventSource.Log, EventLevel.Verbose, Everything);
        return recorder;
    }

    public void Listen(EventKeywords keywords, EventLevel level, long sampleBytes, int statisticsMs, long mostSamples = 0) => EnableEvents(
        MagAllocEventSource.Log,
        level,
        keywords,
        new Dictionary<string, string?>
        {
            [MagAllocEventSource.SampleBytesArgument] = $"{sampleBytes}",
            [MagAllocEventSource.MostSamplesArgument] = $"{mostSamples}",
            [MagAllocEventSource.StatisticsMsArgument] = $"{statisticsMs}",
        });

    public IReadOnlyList<RecordedEvent> All => [.. _events];

    public IReadOnlyList<RecordedEvent> Of(long owner, string name) => [.. _events.Where(one => one.Name == name && one.Owner == owner)];

    /// <summary>The number of the owner of a name, as its birth or the beginning of the session told it.</summary>
    public long OwnerOf(string name) => _events.Last(one => one.Name == "OwnerCreated" && one.Text("name") == name).Owner;

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (!ReferenceEquals(eventData.EventSource, MagAllocEventSource.Log))
        {
            return;
        }

        var payload = new Dictionary<string, object?>();
        for (int i = 0; i < eventData.PayloadNames!.Count; i++)
        {
            payload.Add(eventData.PayloadNames[i], eventData.Payload![i]);
        }

        var told = new RecordedEvent(
            eventData.EventId, eventData.EventName!, payload, Environment.CurrentManagedThreadId, Interlocked.Increment(ref _order));
        _events.Enqueue(told);
        Told?.Invoke(told);
    }
}
