using MagAlloc.Tool.Analysis;

namespace MagAlloc.Tests.Stress.Analysis;

public sealed class TimeGridTests
{
    private static readonly double[] s_held = [0, 0, 5, 5, 9, 9, 2, 2, 2, 2];

    // Ten spans of 50 ms.
    private readonly TimeGrid _grid = new(0.5);

    [Test]
    public void Levels_HoldUntilTheNext_AndShowTheHighestWithinASpan() =>
        Assert.That(
            _grid.Levels([(0.11, 5), (0.21, 3), (0.22, 9), (0.26, 2), (0.3001, 2)]),
            Is.EqualTo(s_held));

    [Test]
    public void Rates_AddUpToWhatCameToPass([Values(0.5, 7, 300)] double seconds)
    {
        TimeGrid grid = new(seconds);
        (double, double, long)[] events = [(0, seconds, 1000), (seconds / 3, seconds / 2, 77), (seconds / 4, seconds / 4, 5), (seconds * 0.99, seconds, 3)];

        double[] rates = grid.Rates(events);

        Assert.That(rates.Sum() * grid.Span, Is.EqualTo(1085).Within(1e-6));
        Assert.That(rates, Is.All.GreaterThanOrEqualTo(0));
        Assert.That(grid.Count, Is.LessThanOrEqualTo(241));
    }
}
