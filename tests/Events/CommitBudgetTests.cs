using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Platform;
using MagAlloc.Tests.Platform;

namespace MagAlloc.Tests.Events;

[TestFixture]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class CommitBudgetTests
{
    private const long MiB = FakeMachine.MiB;

    [Test]
    public void What_two_owners_commit_together_is_compared_with_what_is_left()
    {
        using FakeMachine machine = new(available: 100);
        CommitCounter first = new(1, long.MaxValue, machine.Budget), second = new(2, long.MaxValue, machine.Budget);

        Assert.That(first.TryAdd(70 * MiB), Is.True);
        Assert.That(second.TryAdd(70 * MiB), Is.False, "fits alone, and not beside the other's, which is promised and not touched yet");
        Assert.That(Refusal.Last, Is.EqualTo(RefusalKind.Memory));
        Assert.That(second.TryAdd(30 * MiB), Is.True);
        Assert.That(machine.Budget.Claimed, Is.InRange(70 * MiB, 100 * MiB));
    }

    [Test]
    public void What_has_been_touched_is_not_counted_twice()
    {
        using FakeMachine machine = new(available: 100);
        CommitCounter counter = new(1, long.MaxValue, machine.Budget);
        Assert.That(counter.TryAdd(70 * MiB), Is.True);

        machine.SetAvailable(30);
        machine.SetTouched(70 * MiB);

        Assert.That(counter.TryAdd(20 * MiB), Is.True);
        Assert.That(counter.TryAdd(20 * MiB), Is.False);
    }

    [Test]
    public void What_is_given_back_can_be_had_again_by_others()
    {
        using FakeMachine machine = new(available: 100);
        CommitCounter first = new(1, long.MaxValue, machine.Budget), second = new(2, long.MaxValue, machine.Budget);
        Assert.That(first.TryAdd(90 * MiB), Is.True);

        first.Subtract(80 * MiB);
        Assert.That(second.TryAdd(70 * MiB), Is.True);

        second.Close();
        second.Close();
        Assert.That(first.TryAdd(70 * MiB), Is.True);
        first.Close();
        Assert.That(machine.Budget.Claimed, Is.Zero);
        Assert.That(first.TryAdd(1L << 40), Is.True, "who has ended claims nothing");
        Assert.That(machine.Budget.Claimed, Is.Zero);
    }

    [Test]
    public void What_is_small_asks_nobody()
    {
        using FakeMachine machine = new(available: 0);
        CommitCounter counter = new(1, long.MaxValue, machine.Budget);
        for (int i = 0; i < 128; i++)
        {
            Assert.That(counter.TryAdd(64 * 1024), Is.True);
        }

        Assert.That(counter.TryAdd(64 * 1024), Is.False, "8 MiB are free of it");
        Assert.That(counter.MayAdd(4096), Is.False);
    }

    [Test]
    public void Growth_by_small_steps_is_refused_too_and_never_by_what_is_claimed_ahead()
    {
        using FakeMachine machine = new(available: 40);
        CommitCounter counter = new(1, long.MaxValue, machine.Budget);
        while (counter.TryAdd(64 * 1024))
        {
            Assert.That(counter.Value, Is.LessThan(60 * MiB));
        }

        Assert.That(counter.Value, Is.EqualTo((8 + 40) * MiB), "all of it");
    }

    [Test]
    public void An_absurd_request_is_refused_and_where_nothing_is_known_nothing_is()
    {
        using FakeMachine machine = new(available: 40);
        Assert.That(machine.Budget.TryClaim(long.MaxValue), Is.False);
        Assert.That(machine.Budget.TryClaim(1L << 50), Is.False);

        machine.Delete("proc/meminfo");
        Assert.That(machine.Budget.TryClaim(1L << 50), Is.True);
        machine.Budget.Drop(1L << 50);
    }

    [Test]
    public void A_kept_answer_grants_and_a_refusal_is_a_fresh_one()
    {
        using FakeMachine machine = new(available: 100);
        CommitBudget budget = new(machine.Memory, freshness: long.MaxValue, headroomShare: 0);
        Assert.That(budget.TryClaim(90 * MiB), Is.True);
        budget.Drop(90 * MiB);

        machine.SetAvailable(200);
        Assert.That(budget.TryClaim(150 * MiB), Is.True, "the kept answer would refuse it");
        budget.Drop(150 * MiB);
        machine.SetAvailable(10);
        Assert.That(budget.TryClaim(150 * MiB), Is.True, "the kept answer grants it");
        budget.Touched(150 * MiB);
        Assert.That(budget.TryClaim(150 * MiB), Is.False, "behind something that was touched it is asked anew");
    }

    [Test]
    public void A_part_of_the_limit_is_never_granted()
    {
        using FakeMachine machine = new(available: 100, total: 320);
        CommitBudget budget = new(machine.Memory, freshness: 0);

        Assert.That(budget.TryClaim((90 * MiB) + 1), Is.False);
        Assert.That(budget.TryClaim(90 * MiB), Is.True);
        Assert.That(budget.Describe(), Does.EndWith(" left (MemAvailable and SwapFree), of which 10485760 are kept for the runtime"));
    }

    [Test]
    public void A_claim_allocates_nothing()
    {
        using FakeMachine machine = new(available: 100);
        machine.Budget.TryClaim(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            machine.Budget.TryClaim(200 * MiB);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void Threads_that_claim_at_once_never_get_more_than_there_is()
    {
        using FakeMachine machine = new(available: 100);
        for (int round = 0; round < 100; round++)
        {
            CommitCounter[] counters = [.. Enumerable.Range(0, 4).Select(i => new CommitCounter(i, long.MaxValue, machine.Budget))];
            using Barrier barrier = new(counters.Length);
            long granted = 0;
            Thread[] threads = [.. counters.Select(counter => new Thread(() =>
            {
                barrier.SignalAndWait();
                if (counter.TryAdd(48 * MiB))
                {
                    Interlocked.Increment(ref granted);
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());

            // 8 MiB of each are free: two fit, and three do not.
            Assert.That(granted, Is.InRange(1, 2));
            Array.ForEach(counters, counter => counter.Close());
            Assert.That(machine.Budget.Claimed, Is.Zero);
        }
    }
}
