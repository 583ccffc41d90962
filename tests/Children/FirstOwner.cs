using System.Diagnostics.Metrics;

namespace MagAlloc.Tests.Children;

/// <summary>What happens with the first heap of a process only: the meter is made.</summary>
internal static class FirstOwner
{
    public static IReadOnlyDictionary<string, Action> Parts { get; } = new Dictionary<string, Action>
    {
        ["a-listener-that-throws"] = AListenerThatThrows,
    };

    private static void AListenerThatThrows()
    {
        int published = 0;
        using MeterListener throwing = new()
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == MagAllocMeter.MeterName)
                {
                    throw new FormatException("a monitor's fault");
                }
            },
        };
        throwing.Start();
        using (NativeHeap heap = new(new NativeHeapOptions { Name = "first" }))
        {
            Require(heap.GetStatistics().AllocatedBlocks == 0, "the heap works");
        }

        throwing.Dispose();
        using MeterListener late = new() { InstrumentPublished = (instrument, _) => published += instrument.Meter.Name == MagAllocMeter.MeterName ? 1 : 0 };
        late.Start();
        Require(published == 31, $"{published} of 30 instruments are there for those who do not throw");
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException(what);
        }
    }
}
