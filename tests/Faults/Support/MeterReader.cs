using System.Diagnostics.Metrics;

namespace MagAlloc.Tests.Faults.Support;

/// <summary>A monitor that reads all instruments without a pause, on a thread of its own, and remembers whether a counter of a series ever fell below its first value.</summary>
internal sealed class MeterReader : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _first = [];
    private readonly string? _owner;
    private readonly Thread _thread;
    private volatile bool _stop;

    /// <param name="owner">Whose counters must not fall below their first value; null: nobody's.</param>
    public MeterReader(string? owner = null)
    {
        _owner = owner;
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == MagAllocMeter.MeterName)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>(Note);
        _listener.Start();

        // The first values are of the owners that live now, and not of one that comes and goes meanwhile.
        _listener.RecordObservableInstruments();
        _thread = new Thread(Run) { IsBackground = true, Name = "monitor" };
        _thread.Start();
    }

    public int Rounds { get; private set; }

    public Exception? Failure { get; private set; }

    /// <summary>A counter that fell, by how much; null: none did.</summary>
    public string? Fall { get; private set; }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _listener.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stop)
            {
                _listener.RecordObservableInstruments();
                Rounds++;
            }
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }

    private void Note(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        if (_owner is null || instrument is not ObservableCounter<long>)
        {
            return;
        }

        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == Instruments.OwnerNameTag && !_owner.Equals(tag.Value))
            {
                return;
            }
        }

        _first.TryAdd(instrument.Name, value);
        if (value < _first[instrument.Name])
        {
            Fall ??= $"{instrument.Name} from {_first[instrument.Name]} to {value}";
        }
    }
}
