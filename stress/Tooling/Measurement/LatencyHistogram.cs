using System.Diagnostics;
using System.Numerics;

namespace MagAlloc.Tooling.Measurement;

/// <summary>
/// A log-linear histogram of durations: 32 linear steps in each power of two, so that a percentile is within about 3 % of
/// the truth over the whole range, in 15 KiB. One writer; merge the histograms of several threads when they have ended.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 5;
    private const int SubBuckets = 1 << SubBucketBits;
    private const int Buckets = (64 - SubBucketBits + 1) * SubBuckets;

    private readonly long[] _counts = new long[Buckets];

    public long Count { get; private set; }

    /// <summary>The longest duration recorded, exact, in nanoseconds.</summary>
    public long Max { get; private set; }

    /// <summary>Records the time since <paramref name="startTimestamp"/> (a <see cref="Stopwatch.GetTimestamp"/>).</summary>
    public void RecordSince(long startTimestamp)
    {
        long ticks = Stopwatch.GetTimestamp() - startTimestamp;
        Record((long)(ticks * (1e9 / Stopwatch.Frequency)));
    }

    public void Record(long nanoseconds)
    {
        nanoseconds = Math.Max(nanoseconds, 0);
        _counts[BucketOf((ulong)nanoseconds)]++;
        Count++;
        Max = Math.Max(Max, nanoseconds);
    }

    public void Merge(LatencyHistogram other)
    {
        for (int i = 0; i < Buckets; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The duration in nanoseconds that <paramref name="fraction"/> (0 to 1) of the samples do not exceed; 0 without samples.</summary>
    public long Percentile(double fraction)
    {
        long rank = (long)Math.Ceiling(Count * fraction);
        long seen = 0;
        for (int i = 0; i < Buckets && Count != 0; i++)
        {
            seen += _counts[i];
            if (seen >= Math.Max(rank, 1))
                return Math.Min(UpperBoundOf(i), Max);
        }

        return Max;
    }

    /// <summary>
    /// The samples in four steps to each power of two, from the first to the last that has any: lower bound, upper bound (not
    /// included) in nanoseconds, and how many.
    /// </summary>
    public IReadOnlyList<(long Low, long High, long Count)> Bars()
    {
        List<(long Low, long High, long Count)> bars = [];
        for (int i = 0; i < Buckets; i++)
        {
            long value = i == 0 ? 0 : UpperBoundOf(i - 1) + 1;
            int shift = Math.Max(0, BitOperations.Log2((ulong)Math.Max(value, 1)) - 2);
            long low = value >> shift << shift;
            if (bars.Count != 0 && bars[^1].Low == low)
                bars[^1] = (low, UpperBoundOf(i) + 1, bars[^1].Count + _counts[i]);
            else
                bars.Add((low, UpperBoundOf(i) + 1, _counts[i]));
        }

        int first = bars.FindIndex(bar => bar.Count != 0);
        int last = bars.FindLastIndex(bar => bar.Count != 0);
        return first < 0 ? [] : bars[first..(last + 1)];
    }

    private static int BucketOf(ulong value)
    {
        if (value < SubBuckets)
            return (int)value;
        int shift = BitOperations.Log2(value) - SubBucketBits;
        return ((shift + 1) * SubBuckets) + (int)((value >> shift) - SubBuckets);
    }

    private static long UpperBoundOf(int bucket)
    {
        if (bucket < SubBuckets)
            return bucket;
        int shift = (bucket / SubBuckets) - 1;
        ulong mantissa = (ulong)(bucket % SubBuckets) + SubBuckets;
        return (long)(((mantissa + 1) << shift) - 1);
    }
}
