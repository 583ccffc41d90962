using MagAlloc.Concurrency;

namespace MagAlloc.Tests.Concurrency;

[TestFixture]
public sealed class BoundedCounterTests
{
    [Test]
    public void Adds_up_to_its_limit_and_no_further()
    {
        var counter = new BoundedCounter(10);

        Assert.That(counter.TryAdd(7));
        Assert.That(counter.TryAdd(4), Is.False);
        Assert.That(counter.TryAdd(3));
        Assert.That(counter.TryAdd(1), Is.False);
        Assert.That(counter.Value, Is.EqualTo(10));
    }

    [Test]
    public void Remembers_its_peak()
    {
        var counter = new BoundedCounter(10);
        counter.TryAdd(8);
        counter.Subtract(6);
        counter.TryAdd(3);

        Assert.That(counter.Value, Is.EqualTo(5));
        Assert.That(counter.Peak, Is.EqualTo(8));
    }

    [Test]
    public void A_huge_amount_does_not_overflow_into_room()
    {
        var counter = new BoundedCounter(long.MaxValue);

        Assert.That(counter.TryAdd(long.MaxValue));
        Assert.That(counter.TryAdd(long.MaxValue), Is.False);
        Assert.That(counter.TryAdd(1), Is.False);
        Assert.That(counter.Value, Is.EqualTo(long.MaxValue));
    }
}
