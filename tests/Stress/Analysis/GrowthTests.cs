using MagAlloc.Tool.Analysis;
using MagAlloc.Tool.Analysis.Anomalies;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>What only grows, and what stands still or comes to rest.</summary>
public sealed class GrowthTests
{
    [TestCase(true, new long[] { 0, 10, 20, 30, 40, 50, 60, 70, 80, 90 })]
    [TestCase(true, new long[] { 100, 110, 118, 131, 129, 140, 151, 149, 160, 172 })]
    [TestCase(false, new long[] { 400, 398, 401, 397, 400, 399, 396, 400, 399, 401 }, Description = "it stands still")]
    [TestCase(false, new long[] { 1000, 1010, 990, 1003, 995, 1008, 992, 1001, 1000, 1005 }, Description = "it stands still, at a high level")]
    [TestCase(false, new long[] { 0, 50, 90, 99, 100, 100, 100, 100, 100, 101 }, Description = "it has come to rest")]
    [TestCase(false, new long[] { 0, 50, 100, 20, 60, 110, 30, 80, 120, 130 }, Description = "it falls on the way")]
    [TestCase(false, new long[] { 90, 80, 70, 60, 50, 40, 30, 20, 10, 0 })]
    public void IsSteady(bool expected, long[] values)
    {
        (double Seconds, long Value)[] samples = [.. values.Select((value, i) => (i * 1.0, value))];
        Assert.That(Growth.IsSteady(new OwnerHistory(1), samples, 5, 2, out Growth growth), Is.EqualTo(expected));
        Assert.That((growth.First, growth.Last), Is.EqualTo((values[0], values[^1])));
    }
}
