using MagAlloc.Bench.Measurement;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>What a burst leaves behind.</summary>
public sealed class IdleFiguresTests
{
    [Test]
    public void RemainingShare_IsOfWhatTheBurstAdded()
    {
        IdleFigures figures = Of(100, [new(0, 100), new(20, 1100), new(40, 1000), new(60, 300)]);

        Assert.That((figures.EndBytes, figures.LeftBytes, figures.RemainingShare), Is.EqualTo((300L, 200L, 0.2)));
    }

    [TestCase(50, 0.0, TestName = "RemainingShare_BelowTheBaseline_IsZero")]
    [TestCase(100, 0.0, TestName = "RemainingShare_NothingAdded_IsZero")]
    public void RemainingShare_IsNeverNegative(long bytes, double expected)
    {
        IdleFigures figures = Of(100, [new(0, bytes)]);

        Assert.That((figures.RemainingShare, figures.LeftBytes), Is.EqualTo((expected, 0L)));
    }

    [Test]
    public void ReturnedPercent_IsOfTheFirstSampleASecondAfterTheBurst()
    {
        IdleFigures figures = Of(100, [new(0, 100), new(30, 1100), new(1039, 900), new(1040, 300), new(1060, 200)]);

        Assert.That((figures.ReturnedPercent, figures.IdleSeconds), Is.EqualTo((80.0, 1.02)));
    }

    [Test]
    public void ReturnedPercent_OfAnIdleTimeBelowASecond_IsNull() =>
        Assert.That(Of(100, [new(0, 1100), new(1030, 100)]).ReturnedPercent, Is.Null);

    [TestCase(0, null)]
    [TestCase(4, 50.0)]
    public void BytesPerThread_AreOfWhatIsLeft(int threads, double? expected) =>
        Assert.That(Of(100, [new(0, 1100), new(1030, 300)], threads).BytesPerThread, Is.EqualTo(expected));

    [Test]
    public void Median_TakesTheRoundInTheMiddle()
    {
        IdleFigures[] rounds = [.. new long[] { 900, 100, 500 }.Select(end => Of(0, [new(0, 1000), new(20, end)]))];

        Assert.Multiple(() =>
        {
            Assert.That(IdleFigures.Median(rounds)?.RemainingShare, Is.EqualTo(0.5));
            Assert.That(IdleFigures.Median([]), Is.Null);
        });
    }

    // The burst ends after 40 ms.
    private static IdleFigures Of(long baseline, IReadOnlyList<ResidentPoint> timeline, int threads = 0) =>
        IdleFigures.Of(timeline, 40, baseline, threads, firstNs: 5);
}
