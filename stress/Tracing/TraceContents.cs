using Microsoft.Diagnostics.Tracing;

namespace MagAlloc.Stress.Tracing;

/// <summary>What a finished trace file holds: read from the file itself, as any reader will find it.</summary>
internal sealed record TraceContents
{
    private const string SampleEvent = "AllocationSampled";

    /// <summary>Events of all providers.</summary>
    public long Events { get; private init; }

    /// <summary>Events of the engine.</summary>
    public long EngineEvents { get; private init; }

    public long Samples { get; private init; }

    /// <summary>Events that found the buffers of the traced process full.</summary>
    public long Dropped { get; private init; }

    /// <summary>Null when the file has its end; else why not.</summary>
    public string? Broken { get; private init; }

    public static TraceContents Of(string file)
    {
        long events = 0, engine = 0, samples = 0, dropped = 0;
        string? broken = null;
        try
        {
            using EventPipeEventSource source = new(file);
            source.Dynamic.AddCallbackForProviderEvents(null, data =>
            {
                if (data.ProviderName != EventSessions.Engine)
                    return;
                engine++;
                if (data.EventName == SampleEvent)
                    samples++;
            });
            source.AllEvents += _ => events++;
            source.Process();
            dropped = source.EventsLost;
        }
        catch (Exception e) when (e is IOException or FormatException or InvalidDataException or NotSupportedException
            or InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            // TraceEvent meets what was cut within a block with whatever exception the missing byte leads it to.
            broken = e.Message.ReplaceLineEndings(" ");
        }

        return new TraceContents { Events = events, EngineEvents = engine, Samples = samples, Dropped = dropped, Broken = broken };
    }
}
