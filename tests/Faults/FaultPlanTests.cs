namespace MagAlloc.Tests.Faults;

[TestFixture]
public sealed class FaultPlanTests
{
    private const int ManySteps = 100_000;

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(17)]
    public void The_nth_step_fails_and_no_other(int n)
    {
        List<int> failed = FailedSteps(FaultPlan.FailNth(n), 100);

        Assert.That(failed, Is.EqualTo(new[] { n }));
    }

    [Test]
    public void Steps_and_failures_are_counted()
    {
        FaultPlan plan = FaultPlan.Random(0.5, seed: 3);
        Assert.That((plan.Steps, plan.Injected), Is.EqualTo((0L, 0L)));

        int failed = FailedSteps(plan, 1000).Count;

        Assert.That(plan.Steps, Is.EqualTo(1000));
        Assert.That(plan.Injected, Is.EqualTo(failed));
    }

    [TestCase(0UL)]
    [TestCase(1UL)]
    [TestCase(ulong.MaxValue)]
    public void The_same_seed_fails_the_same_steps(ulong seed)
    {
        List<int> once = FailedSteps(FaultPlan.Random(0.1, seed: seed), ManySteps);
        List<int> again = FailedSteps(FaultPlan.Random(0.1, seed: seed), ManySteps);

        Assert.That(again, Is.EqualTo(once));
    }

    [Test]
    public void Another_seed_fails_other_steps()
    {
        List<int> one = FailedSteps(FaultPlan.Random(0.1, seed: 1), ManySteps);
        List<int> two = FailedSteps(FaultPlan.Random(0.1, seed: 2), ManySteps);

        // Independent choices of a tenth each agree on about a hundredth of the steps.
        Assert.That(one.Intersect(two).Count(), Is.InRange(ManySteps / 200, ManySteps / 50));
    }

    [TestCase(0.001)]
    [TestCase(0.1)]
    [TestCase(0.5)]
    [TestCase(0.9)]
    public void As_many_steps_fail_as_the_probability_says(double probability)
    {
        int failed = FailedSteps(FaultPlan.Random(probability, seed: 42), ManySteps).Count;

        double expected = ManySteps * probability;
        double sixSigma = 6 * Math.Sqrt(expected * (1 - probability));
        Assert.That(failed, Is.EqualTo(expected).Within(sixSigma));
    }

    [Test]
    public void Probability_zero_never_fails_and_one_always_does()
    {
        Assert.That(FailedSteps(FaultPlan.Random(0), 1000), Is.Empty);
        Assert.That(FailedSteps(FaultPlan.Random(1), 1000), Has.Count.EqualTo(1000));
    }

    [Test]
    public void Only_every_interval_th_step_is_a_candidate()
    {
        List<int> failed = FailedSteps(FaultPlan.Random(1, interval: 7), 30);

        Assert.That(failed, Is.EqualTo(new[] { 7, 14, 21, 28 }));
    }

    [Test]
    public void No_more_steps_fail_than_the_budget_allows()
    {
        Assert.That(FailedSteps(FaultPlan.Random(1, times: 3), 30), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(FailedSteps(FaultPlan.Random(1, interval: 10, times: 2), 100), Is.EqualTo(new[] { 10, 20 }));
        Assert.That(FailedSteps(FaultPlan.Random(1, times: 0), 30), Is.Empty);
    }

    [Test]
    public void A_restricted_plan_numbers_and_fails_its_own_points_only()
    {
        FaultPlan plan = FaultPlan.FailNth(2).At(FaultPoint.Commit, FaultPoint.Magazine);

        Assert.That(plan.ShouldFail(FaultPoint.Reserve), Is.False);
        Assert.That(plan.ShouldFail(FaultPoint.Commit), Is.False);
        Assert.That(plan.ShouldFail(FaultPoint.Constructor), Is.False);
        Assert.That(plan.ShouldFail(FaultPoint.Magazine), Is.True);
        Assert.That(plan.ShouldFail(FaultPoint.Commit), Is.False);
        Assert.That(plan.Steps, Is.EqualTo(3));
        Assert.That(plan.Injected, Is.EqualTo(1));
    }

    [Test]
    public void Restricting_returns_the_plan_and_the_last_choice_holds()
    {
        FaultPlan plan = FaultPlan.Random(1);

        Assert.That(plan.At(FaultPoint.Reserve), Is.SameAs(plan));
        plan.At(FaultPoint.Commit);

        Assert.That(plan.ShouldFail(FaultPoint.Reserve), Is.False);
        Assert.That(plan.ShouldFail(FaultPoint.Commit), Is.True);
    }

    [Test]
    public void Every_point_can_be_restricted_to([Values] FaultPoint point)
    {
        FaultPlan plan = FaultPlan.Random(1).At(point);

        foreach (FaultPoint asked in Enum.GetValues<FaultPoint>())
        {
            Assert.That(plan.ShouldFail(asked), Is.EqualTo(asked == point));
        }
    }

    [Test]
    public void A_disabled_plan_neither_numbers_nor_fails()
    {
        FaultPlan plan = FaultPlan.FailNth(1);
        plan.Enabled = false;
        Assert.That(plan.ShouldFail(FaultPoint.Commit), Is.False);
        Assert.That(plan.Steps, Is.Zero);

        plan.Enabled = true;
        Assert.That(plan.Enabled, Is.True);
        Assert.That(plan.ShouldFail(FaultPoint.Commit), Is.True);
    }

    [Test]
    public void Without_a_plan_nothing_fails()
    {
        Assert.That(FaultPlan.Fails(null, FaultPoint.Commit), Is.False);
        Assert.That(FaultPlan.Fails(FaultPlan.FailNth(1), FaultPoint.Commit), Is.True);
    }

    [Test]
    public void Threads_share_one_numbering_and_one_budget()
    {
        const int Threads = 4;
        const int Budget = 1000;
        FaultPlan bounded = FaultPlan.Random(0.5, times: Budget, seed: 5);
        FaultPlan unbounded = FaultPlan.Random(0.25, seed: 6);
        long boundedFailures = 0;
        long unboundedFailures = 0;

        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, _ =>
        {
            for (int step = 0; step < ManySteps / Threads; step++)
            {
                if (bounded.ShouldFail(FaultPoint.Commit))
                {
                    Interlocked.Increment(ref boundedFailures);
                }

                if (unbounded.ShouldFail(FaultPoint.Commit))
                {
                    Interlocked.Increment(ref unboundedFailures);
                }
            }
        });

        Assert.That(bounded.Steps, Is.EqualTo(ManySteps));
        Assert.That(bounded.Injected, Is.EqualTo(Budget));
        Assert.That(boundedFailures, Is.EqualTo(Budget));

        // The number alone decides, so that threads together fail as many steps as one thread would.
        Assert.That(unboundedFailures, Is.EqualTo(FailedSteps(FaultPlan.Random(0.25, seed: 6), ManySteps).Count));
        Assert.That(unbounded.Injected, Is.EqualTo(unboundedFailures));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(long.MinValue)]
    public void FailNth_refuses_numbers_below_one(long n) =>
        Assert.That(() => FaultPlan.FailNth(n), ThrowsFor("n"));

    [TestCase(-0.1)]
    [TestCase(1.1)]
    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void Random_refuses_what_is_no_probability(double probability) =>
        Assert.That(() => FaultPlan.Random(probability), ThrowsFor("probability"));

    [TestCase(0)]
    [TestCase(-1)]
    public void Random_refuses_intervals_below_one(int interval) =>
        Assert.That(() => FaultPlan.Random(0.5, interval), ThrowsFor("interval"));

    [Test]
    public void Random_refuses_a_negative_budget_other_than_unbounded() =>
        Assert.That(() => FaultPlan.Random(0.5, times: -2), ThrowsFor("times"));

    [Test]
    public void At_refuses_no_points_and_unknown_ones()
    {
        FaultPlan plan = FaultPlan.FailNth(1);

        Assert.That(() => plan.At(), Throws.ArgumentException);
        Assert.That(() => plan.At(null!), Throws.ArgumentNullException);
        Assert.That(() => plan.At((FaultPoint)99), ThrowsFor("points"));
        Assert.That(() => plan.At((FaultPoint)(-1)), ThrowsFor("points"));
    }

    private static List<int> FailedSteps(FaultPlan plan, int steps)
    {
        var failed = new List<int>();
        for (int step = 1; step <= steps; step++)
        {
            if (plan.ShouldFail(FaultPoint.Commit))
            {
                failed.Add(step);
            }
        }

        return failed;
    }

    private static NUnit.Framework.Constraints.Constraint ThrowsFor(string parameter) =>
        Throws.TypeOf<ArgumentOutOfRangeException>().With.Property(nameof(ArgumentException.ParamName)).EqualTo(parameter);
}
