using MagAlloc.Tool.Analysis.Reading;
using MagAlloc.Tooling.Commands;
using Microsoft.Diagnostics.Tracing;

namespace MagAlloc.Tool.Tracing;

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

    /// <summary>What there is can be read, also where the end is missing.</summary>
    public bool IsReadable { get; private init; }

    public static TraceContents Of(string file)
    {
        long events = 0, engine = 0, samples = 0, dropped = 0;
        string? broken = null;
        bool isReadable = false;
        try
        {
            using ReadableTrace readable = ReadableTrace.Open(file);
            broken = readable.Cut?.Where;
            using EventPipeEventSource source = new(readable.Path);
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
            isReadable = true;
        }
        catch (Exception e) when (e is UsageException or IOException or FormatException or InvalidDataException or NotSupportedException
            or InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            // TraceEvent meets damage within a block with whatever exception the wrong byte leads it to.
            broken = e.Message.ReplaceLineEndings(" ");
        }

        return new TraceContents { Events = events, EngineEvents = engine, Samples = samples, Dropped = dropped, Broken = broken, IsReadable = isReadable };
    }
}
