using MagAlloc.Bench.Reporting;
using MagAlloc.Bench.Reporting.Charts;
using MagAlloc.Tooling.Reporting.Charts;

namespace MagAlloc.Tests.Bench.Reporting;

/// <summary>The axes of the charts, and the progress line.</summary>
public sealed class ChartScaleTests
{
    [TestCase(1.0)]
    [TestCase(7.3)]
    [TestCase(593)]
    [TestCase(0.004)]
    public void LinearScale_HoldsTheHighestValue_WithAFewTicks(double highest)
    {
        LinearScale scale = new(highest, 100, 0);

        Assert.That(scale[highest], Is.InRange(-0.5, 60));
        Assert.That(scale[0], Is.EqualTo(100));
        Assert.That(scale.Ticks.Count(), Is.InRange(3, 8));
    }

    [Test]
    public void LogScale_HoldsAllValues_AndPutsHalfAsFarAsTwice()
    {
        LogScale scale = new([0.1, 40], 0, 800);

        Assert.Multiple(() =>
        {
            Assert.That(scale[0.1], Is.InRange(0, 400));
            Assert.That(scale[40], Is.InRange(400, 800));
            Assert.That(scale[1] - scale[0.5], Is.EqualTo(scale[2] - scale[1]).Within(1e-9));
            Assert.That(scale.Ticks, Has.Member(1.0).And.All.InRange(0.09, 45));
        });
    }

    [Test]
    public void Progress_IsOneLineOnATerminal_AndSilentAtFirstWhenPiped()
    {
        StringWriter terminal = new();
        StringWriter pipe = new();
        foreach ((StringWriter writer, bool interactive) in new[] { (terminal, true), (pipe, false) })
        {
            Progress progress = new(writer, interactive);
            progress.Begin("pair-64");
            progress.Show("round 1");
            progress.End();
        }

        Assert.That(terminal.ToString(), Is.EqualTo("\r\e[Kpair-64: round 1\r\e[K"));
        Assert.That(pipe.ToString(), Is.Empty);
    }
}
