using MagAlloc.Stress.Reporting.Timeline;

namespace MagAlloc.Tests.Stress.Analysis;

public sealed class TimelineSamplerTests
{
    [Test]
    public void ALongRun_IsLookedAtLessOften_AndToItsEnd()
    {
        RunTimeline timeline = new();
        long looks = 0;
        using (timeline.Begin("part", isDomain: false, TimeSpan.FromTicks(1), seconds => new TimelinePoint(seconds, 1, ++looks, 3, 4, 5)))
            Thread.Sleep(1500);

        IReadOnlyList<TimelinePoint> points = timeline.Parts.Single().Points;
        Assert.Multiple(() =>
        {
            Assert.That(points, Has.Count.InRange(2, 1000));
            Assert.That(looks, Is.GreaterThan(points.Count), "the list was thinned out");
            Assert.That(points.Select(point => point.Seconds), Is.Ordered.Ascending);
            Assert.That(points[0].LiveBytes, Is.EqualTo(1));
            Assert.That(points[^1].LiveBytes, Is.EqualTo(looks), "the last look is taken at the end");
            Assert.That(points[^1].Seconds, Is.GreaterThanOrEqualTo(1.4));
        });
    }
}
