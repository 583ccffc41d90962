using MagAlloc.Bench.Measurement;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>The mean that the headline figures are.</summary>
public sealed class GeometricMeanTests
{
    [Test]
    public void Of_TwiceAndHalf_IsOne() => Assert.That(GeometricMean.Of([2, 0.5]), Is.EqualTo(1).Within(1e-12));

    [Test]
    public void Of_IsTheRootOfTheProduct() => Assert.That(GeometricMean.Of([2, 4, 8]), Is.EqualTo(4).Within(1e-12));

    [Test]
    public void Of_Nothing_IsNull() => Assert.That(GeometricMean.Of([]), Is.Null);
}
