using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace MagAlloc.Stress.InitSweep;

/// <summary>Somebody who listens to everything: a session for all events, and a monitor that reads all instruments all the time.</summary>
internal sealed class Listeners : EventListener
{
    private const string Source = "MagAlloc";

    private readonly MeterListener _meter = new();
    private readonly Thread _monitor;
    private volatile bool _stop;
    private Exception? _failure;

    public Listeners()
    {
        _meter.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == Source)
                self.EnableMeasurementEvents(instrument);
        };
        _meter.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        _meter.Start();
        _monitor = new Thread(Read) { IsBackground = true, Name = "sweep monitor" };
        _monitor.Start();
    }

    /// <summary>Ends it, and throws what reading the instruments has thrown.</summary>
    public void Stop()
    {
        _stop = true;
        _monitor.Join();
        _meter.Dispose();
        base.Dispose();
        if (_failure is not null)
            throw new InvalidOperationException($"reading the instruments threw {_failure.GetType().Name}: {_failure.Message}");
    }

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Source)
            EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All, new Dictionary<string, string?> { ["StatisticsMs"] = "10" });
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // That somebody is told is enough.
    }

    private void Read()
    {
        try
        {
            while (!_stop)
            {
                _meter.RecordObservableInstruments();
                Thread.Sleep(5);
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }
}
