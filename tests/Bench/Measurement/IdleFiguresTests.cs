using MagAlloc.Bench.Measurement;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>What a burst leaves behind.</summary>
public sealed class IdleFiguresTests
{
    [Test]
    public void RemainingShare_IsOfWhatTheBurstAdded()
    {
        IdleFigures figures = IdleFigures.Of([new(0, 100), new(20, 1100), new(40, 1000), new(60, 300)], baseline: 100, firstNs: 5);

        Assert.That((figures.EndBytes, figures.RemainingShare), Is.EqualTo((300L, 0.2)));
    }

    [TestCase(50, 0.0, TestName = "RemainingShare_BelowTheBaseline_IsZero")]
    [TestCase(100, 0.0, TestName = "RemainingShare_NothingAdded_IsZero")]
    public void RemainingShare_IsNeverNegative(long bytes, double expected) =>
        Assert.That(IdleFigures.Of([new(0, bytes)], baseline: 100, firstNs: 5).RemainingShare, Is.EqualTo(expected));

    [Test]
    public void Median_TakesTheRoundInTheMiddle()
    {
        IdleFigures[] rounds = [.. new long[] { 900, 100, 500 }.Select(end => IdleFigures.Of([new(0, 1000), new(20, end)], 0, 1))];

        Assert.Multiple(() =>
        {
            Assert.That(IdleFigures.Median(rounds)?.RemainingShare, Is.EqualTo(0.5));
            Assert.That(IdleFigures.Median([]), Is.Null);
        });
    }
}
