using System.Diagnostics;
using MagAlloc.Events;
using MagAlloc.Tests.Events.Support;

namespace MagAlloc.Tests.Events;

/// <summary>The bound on samples a second: it holds, and what the samples stand for stays true.</summary>
[NonParallelizable]
public sealed unsafe class SampleBudgetTests
{
    private const long Asked = 1000;

    [TestCase(Asked, 1000, ExpectedResult = 16 * Asked, Description = "far above")]
    [TestCase(8 * Asked, 0, ExpectedResult = 2 * Asked, Description = "none: nearer to what was asked for")]
    [TestCase(2 * Asked, 0, ExpectedResult = Asked, Description = "never less than that")]
    public long The_mean_follows_the_samples_of_the_last_look(long mean, int samples)
    {
        var budget = new SampleBudget();
        Thread.Sleep(20);
        for (int i = 0; i < samples; i++)
        {
            budget.Count();
        }

        return budget.Look(mean, Asked, most: 10);
    }

    [Test]
    public void A_look_too_soon_changes_nothing()
    {
        var budget = new SampleBudget();
        Thread.Sleep(20);
        budget.Look(Asked, Asked, most: 10);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 100; i++)
        {
            budget.Count();
        }

        long mean = budget.Look(Asked, Asked, most: 10);
        Assume.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromMilliseconds(5)), "this thread lost its processor");
        Assert.That(mean, Is.EqualTo(Asked));
    }

    [Test]
    public void With_a_budget_samples_become_rare_and_weights_stay_true()
    {
        const int Size = 256;
        const int Most = 500;
        using EventRecorder session = EventRecorder.Start(sampleBytes: 4096, statisticsMs: 10, mostSamples: Most);
        using NativeHeap heap = new(new NativeHeapOptions { Name = "budget", Reclaim = ReclaimOptions.Manual });
        long owner = session.OwnerOf("budget");
        long start = Stopwatch.GetTimestamp();
        long allocations = 0;
        long late = 0;
        int before = 0;
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1.5))
        {
            for (int i = 0; i < 10_000; i++)
            {
                heap.Free(heap.Allocate(Size));
            }

            allocations += 10_000;
            if (before == 0 && Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(0.75))
            {
                before = session.Of(owner, "AllocationSampled").Count;
                late = allocations;
            }
        }

        IReadOnlyList<RecordedEvent> samples = session.Of(owner, "AllocationSampled");
        double unbounded = (allocations - late) * Size / 4096.0;
        TestContext.Out.WriteLine($"{allocations} allocations, {samples.Count} samples; late {samples.Count - before} of {unbounded:n0} without the budget");
        Assert.That(unbounded, Is.GreaterThan(20 * Most), "the premise: without a budget there would be many");
        Assert.That(samples.Count - before, Is.LessThan(unbounded / 4));

        // Of a Poisson process: each sample's weight squared is what it adds to the variance of the sum.
        double deviation = Math.Sqrt(samples.Sum(one => (double)one["weightBytes"] * one["weightBytes"]));
        Assert.That(samples.Sum(one => (double)one["weightBytes"]), Is.EqualTo((double)allocations * Size).Within((6 * deviation) + Size));
    }
}
