using System.Diagnostics;

namespace MagAlloc.Bench.Measurement;

/// <summary>What it takes to read the clock twice: the part of every single latency that is not the allocator's.</summary>
internal static class TimerCost
{
    private const int Batches = 64;
    private const int PairsPerBatch = 1024;

    /// <summary>Nanoseconds; the fastest of many batches, because only that one was undisturbed.</summary>
    public static double Measure()
    {
        double least = double.MaxValue;
        for (int batch = 0; batch < Batches; batch++)
        {
            long ticks = 0;
            for (int i = 0; i < PairsPerBatch; i++)
            {
                long start = Stopwatch.GetTimestamp();
                ticks += Stopwatch.GetTimestamp() - start;
            }

            least = Math.Min(least, (double)ticks / PairsPerBatch);
        }

        return least * 1e9 / Stopwatch.Frequency;
    }
}
