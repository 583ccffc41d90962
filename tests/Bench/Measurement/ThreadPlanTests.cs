using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>Which numbers of threads a workload is measured on.</summary>
public sealed class ThreadPlanTests
{
    [Test]
    public void For_NothingAsked_IsTheWorkloadsOwnNumber() =>
        Assert.That(ThreadPlan.For(Entry(ThreadRule.Any), []).Counts, Is.EqualTo(new[] { Environment.ProcessorCount }));

    [Test]
    public void For_AnyNumber_TakesAllThatWereAsked()
    {
        ThreadPlan plan = ThreadPlan.For(Entry(ThreadRule.Any), [1, 2, 4]);

        Assert.That(plan.Counts, Is.EqualTo(new[] { 1, 2, 4 }));
        Assert.That(plan.Note, Is.Null);
    }

    [Test]
    public void For_FixedNumber_KeepsItAndSaysSo()
    {
        ThreadPlan plan = ThreadPlan.For(Entry(ThreadRule.Exactly(2)), [1, 4]);

        Assert.That(plan.Counts, Is.EqualTo(new[] { 2 }));
        Assert.That(plan.Note, Does.Contain("2 threads only"));
    }

    [Test]
    public void For_Pairs_LeavesOddNumbersOutAndSaysSo()
    {
        ThreadPlan plan = ThreadPlan.For(Entry(ThreadRule.Pairs), [1, 2, 3, 4]);

        Assert.That(plan.Counts, Is.EqualTo(new[] { 2, 4 }));
        Assert.That(plan.Note, Does.Contain("1, 3"));
    }

    private static WorkloadEntry Entry(ThreadRule rule) => new("sample", "for a test", rule, _ => throw new NotSupportedException());
}
