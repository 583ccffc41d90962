using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Tests.Stress;

public sealed class LatencyHistogramTests
{
    [Test]
    public void Empty_IsZero()
    {
        LatencyHistogram histogram = new();

        Assert.That(histogram.Percentile(0.99), Is.Zero);
        Assert.That(histogram.Max, Is.Zero);
    }

    [Test]
    public void Percentiles_AreWithinThreePercentOfTheTruth()
    {
        LatencyHistogram histogram = new();
        for (int i = 1; i <= 100_000; i++)
            histogram.Record(i);

        Assert.Multiple(() =>
        {
            Assert.That(histogram.Count, Is.EqualTo(100_000));
            Assert.That(histogram.Percentile(0.5), Is.EqualTo(50_000).Within(3.2).Percent);
            Assert.That(histogram.Percentile(0.99), Is.EqualTo(99_000).Within(3.2).Percent);
            Assert.That(histogram.Percentile(0.999), Is.EqualTo(99_900).Within(3.2).Percent);
            Assert.That(histogram.Percentile(1), Is.EqualTo(100_000));
            Assert.That(histogram.Max, Is.EqualTo(100_000));
        });
    }

    [TestCase(0)]
    [TestCase(31)]
    [TestCase(32)]
    [TestCase(63)]
    [TestCase(64)]
    [TestCase(1_000_003)]
    [TestCase(long.MaxValue)]
    public void SingleValue_IsEveryPercentile(long value)
    {
        LatencyHistogram histogram = new();
        histogram.Record(value);

        Assert.That(histogram.Percentile(0.5), Is.EqualTo(value));
        Assert.That(histogram.Percentile(0.999), Is.EqualTo(value));
    }

    [Test]
    public void Merge_AddsTheSamplesAndKeepsTheLargest()
    {
        LatencyHistogram fast = new();
        LatencyHistogram slow = new();
        for (int i = 0; i < 99; i++)
            fast.Record(10);
        slow.Record(5000);

        fast.Merge(slow);

        Assert.Multiple(() =>
        {
            Assert.That(fast.Count, Is.EqualTo(100));
            Assert.That(fast.Percentile(0.99), Is.EqualTo(10));
            Assert.That(fast.Percentile(0.999), Is.EqualTo(5000));
            Assert.That(fast.Max, Is.EqualTo(5000));
        });
    }

    [Test]
    public void Bars_HoldEverySample_WithoutAGapBetweenThem()
    {
        LatencyHistogram histogram = new();
        Random random = new(9);
        long[] values = [.. Enumerable.Range(0, 5000).Select(_ => (long)Math.Pow(10, 1 + (random.NextDouble() * 7)))];
        foreach (long value in values)
            histogram.Record(value);

        IReadOnlyList<(long Low, long High, long Count)> bars = histogram.Bars();

        Assert.Multiple(() =>
        {
            Assert.That(bars.Sum(bar => bar.Count), Is.EqualTo(values.Length));
            Assert.That(bars[0].Low, Is.LessThanOrEqualTo(values.Min()));
            Assert.That(bars[^1].High, Is.GreaterThan(values.Max()));
            for (int i = 0; i < bars.Count; i++)
            {
                (long low, long high, long count) = bars[i];
                Assert.That(values.Count(value => value >= low && value < high), Is.EqualTo(count), $"{low} to {high}");
                Assert.That(i == 0 || bars[i - 1].High == low, Is.True, $"{low}");
            }
        });
    }

    [Test]
    public void Bars_OfAnEmptyHistogram_AreNone() => Assert.That(new LatencyHistogram().Bars(), Is.Empty);
}
