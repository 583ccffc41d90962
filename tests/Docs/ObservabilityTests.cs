using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Reflection;
using MagAlloc.Events;

namespace MagAlloc.Tests.Docs;

/// <summary>The tables of docs/observability.md say what the code does.</summary>
[TestFixture]
internal sealed class ObservabilityTests
{
    private static readonly string[] s_page = File.ReadAllLines(Repository.PathOf("docs", "observability.md"));

    [Test]
    public void The_table_of_events_is_that_of_the_source()
    {
        Dictionary<long, string> keywords = typeof(MagAllocEventSource.Keywords).GetFields()
            .ToDictionary(field => Convert.ToInt64(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture), field => field.Name);
        IEnumerable<string> expected =
            from method in typeof(MagAllocEventSource).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            let told = method.GetCustomAttribute<EventAttribute>()
            where told is not null
            orderby told.EventId
            let payload = string.Join(", ", method.GetParameters().Select(parameter => parameter.Name))
            select $"| {told.EventId} | {method.Name} | {told.Level} | {keywords[(long)told.Keywords]} 0x{(long)told.Keywords:x} | {payload} |";

        Assert.That(Rows("| id | event |").Select(row => row[..(row[..^1].TrimEnd().LastIndexOf('|') + 1)]), Is.EqualTo(expected));
    }

    [Test]
    public void The_table_of_instruments_is_that_of_the_meter()
    {
        List<string> expected = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == MagAllocMeter.MeterName)
            {
                string kind = instrument switch
                {
                    ObservableCounter<long> => "counter",
                    ObservableUpDownCounter<long> => "up-down",
                    ObservableGauge<long> => "gauge",
                    _ => instrument.GetType().Name,
                };
                expected.Add($"| {instrument.Name} | {kind} | {instrument.Unit} | {instrument.Description} |");
            }
        };
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        listener.Start();

        Assert.That(Rows("| instrument |").Select(row => row[..(row[..^1].TrimEnd().LastIndexOf('|') + 1)]), Is.EquivalentTo(expected));
    }

    [Test]
    public void The_table_of_arguments_has_the_defaults()
    {
        Assert.That(
            Rows("| argument |").Select(row => row.Split('|', StringSplitOptions.TrimEntries)).Select(cells => $"{cells[1]} {cells[2]}"),
            Is.EqualTo(new[]
            {
                $"{MagAllocEventSource.SampleBytesArgument} {MagAllocEventSource.DefaultSampleBytes}",
                $"{MagAllocEventSource.MostSamplesArgument} 0",
                $"{MagAllocEventSource.StatisticsMsArgument} {MagAllocEventSource.DefaultStatisticsMs}",
            }));
    }

    private static IEnumerable<string> Rows(string header) =>
        s_page.SkipWhile(line => !line.StartsWith(header, StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'));
}
