using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>Every fallible step of the construction fails in turn.</summary>
[TestFixture]
[NonParallelizable]
public sealed class InitTests
{
    private const int MostSteps = 20_000;

    /// <summary>
    /// Linux fa8fb60d3637 ("iommu/iova: Add NULL check in iova_magazine_free()"): when a magazine of the rcaches could not be
    /// allocated, the clean-up freed magazines that had never been. Here each magazine fails in turn, as under
    /// CONFIG_FAILSLAB, and what was built is disposed.
    /// </summary>
    [Test]
    public void Fa8fb60d3637_EachMagazineOfTheInitialisationFailsInTurn_AndOnlyWhatWasBuiltIsReleased()
    {
        Use(Domains.Quiet());
        int mappings = ProcessState.Mappings;
        int failures = 0;
        for (long n = 1; ; n++)
        {
            Assert.That(n, Is.LessThan(MostSteps));
            FaultPlan plan = FaultPlan.FailNth(n).At(FaultPoint.Magazine);
            IovaDomain? domain = null;
            try
            {
                domain = Domains.Quiet(faults: plan);
            }
            catch (OutOfMemoryException refused)
            {
                Assert.That(refused.Message, Does.Contain($"Magazine {n} "));
                failures++;
            }

            Assert.That(plan.Injected, Is.EqualTo(domain is null ? 1 : 0), $"magazine {n}");
            if (domain is not null)
            {
                plan.Enabled = false;
                Use(domain);
                break;
            }
        }

        Assert.That(failures, Is.EqualTo(2 * 6 * 2 * Environment.ProcessorCount), "loaded and prev, six orders, below and above 4 GiB, each processor");
        Assert.That(ProcessState.Mappings, Is.LessThanOrEqualTo(mappings + 8), "a mapping a failure is left");
    }

    [Test]
    public void EveryStepOfConstruction_FailsCleanly_AndTheNextAttemptWorks([Values] CheckLevelToSweep checks, [Values] bool worker)
    {
        // The first sweep is for what the runtime maps on the way: code, and stacks of threads.
        FailEachStep(checks, worker);
        int mappings = ProcessState.Mappings;
        int threads = ProcessState.Threads;
        long virtualBytes = ProcessState.VirtualBytes;
        int failures = FailEachStep(checks, worker);
        TestContext.Out.WriteLine($"{failures} fallible steps");
        Assert.That(failures, Is.GreaterThanOrEqualTo(4 + (12 * Environment.ProcessorCount)));
        Assert.That(ProcessState.VirtualBytes - virtualBytes, Is.LessThan(4 * Heaps.GiB), "a domain's books take some 18 GiB of addresses");
        bool unmapped = Crew.Eventually(() => ProcessState.Mappings <= mappings + 8, TimeSpan.FromSeconds(3));
        Assert.That(unmapped, Is.True, $"a mapping a step is left: {mappings} before, {ProcessState.Mappings} after {failures} failures");
        bool gone = Crew.Eventually(() => ProcessState.Threads <= threads + 3, TimeSpan.FromSeconds(3));
        Assert.That(gone, Is.True, $"{threads} threads before, {ProcessState.Threads} after {failures} failures");
    }

    [Test]
    public void ASecondFailingInit_AfterAFailedOne_ReleasesNothingTwice()
    {
        // The sibling of the same bug (iova_cache_get): pointers left by a failed attempt were destroyed again by the next.
        for (int i = 0; i < 200; i++)
        {
            FaultPlan plan = FaultPlan.FailNth(1 + (i % 16));
            Assert.That(() => Domains.Quiet(faults: plan), Throws.TypeOf<OutOfMemoryException>());
        }

        Use(Domains.Quiet());
    }

    [Test]
    public void WithoutPreallocation_ARefusedMagazineCostsSpeedOnly()
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.Magazine);
        using var domain = new IovaDomain(options: Domains.Options(faults: plan) with { PreallocateMagazines = false });
        List<ulong> live = [];
        for (int i = 0; i < 1000; i++)
        {
            live.Add(domain.AllocateFast(2, domain.LastPfn));
        }

        Assert.That(live.Distinct().Count(), Is.EqualTo(live.Count));
        live.ForEach(pfn => domain.FreeFast(pfn, 2));
        Assert.That(plan.Injected, Is.GreaterThan(0));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void WithoutACacheForTheThread_EverythingWorksPastTheMagazines([Values] CheckLevelToSweep checks)
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.ThreadCache);
        plan.Enabled = false;
        using IovaDomain domain = Make(checks, worker: false, plan);
        plan.Enabled = true;
        Crew.RunOne(() =>
        {
            ulong pfn = domain.AllocateFast(5, domain.LastPfn);
            ulong low = domain.AllocateFast(1, 0xFFFF);
            IovaRange range = domain.Allocate(100, domain.LastPfn, true);
            Assert.That(domain.TryFind(pfn + 3, out _));
            domain.FreeFast(pfn, 5);
            domain.FreeFast(low, 1);
            Assert.That(domain.Free(range));
        });
        Assert.That(plan.Injected, Is.GreaterThan(0));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void AFailedClaim_IsAnAnswer_NotACrash()
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.RangeClaim, FaultPoint.SourceAcquire);
        using IovaDomain domain = Domains.Quiet(faults: plan);
        Assert.That(domain.TryAllocate(1, domain.LastPfn, false, out _), Is.False);
        Assert.That(domain.TryAllocateFast(1, domain.LastPfn, true, out _), Is.False);
        Assert.That(domain.TryAllocateFast(1000, domain.LastPfn, true, out _), Is.False);
        Assert.That(() => domain.AllocateFast(1, 0xFF), Throws.TypeOf<IovaExhaustedException>());
        Assert.That(domain.GetStatistics().InjectedFaults, Is.GreaterThan(0));
        plan.Enabled = false;
        Assert.That(domain.TryAllocateFast(1, domain.LastPfn, false, out _));
    }

    [Test]
    public void AFailedReservation_ReservesNothing()
    {
        FaultPlan plan = FaultPlan.FailNth(2).At(FaultPoint.Metadata);
        plan.Enabled = false;
        using IovaDomain domain = Domains.Quiet(faults: plan);
        domain.Reserve(100, 100);
        plan.Enabled = true;
        Assert.That(() => domain.Reserve(50, 150), Throws.TypeOf<OutOfMemoryException>());
        plan.Enabled = false;
        Assert.That(domain.EnumerateInUse(), Is.EqualTo(new[] { new IovaRange(100, 100) }));
        Assert.That(domain.Reserve(50, 150).Reserved, Is.EqualTo(new[] { new IovaRange(50, 99), new IovaRange(101, 150) }));
    }

    public enum CheckLevelToSweep
    {
        None,
        Basic,
    }

    /// <returns>How many steps there are.</returns>
    private static int FailEachStep(CheckLevelToSweep checks, bool worker)
    {
        Use(Make(checks, worker, null));
        int failures = 0;
        for (long n = 1; ; n++)
        {
            Assert.That(n, Is.LessThan(MostSteps), "the sweep has no end");
            FaultPlan plan = FaultPlan.FailNth(n);
            IovaDomain? domain = null;
            try
            {
                domain = Make(checks, worker, plan);
            }
            catch (OutOfMemoryException)
            {
                failures++;
                Assert.That(plan.Injected, Is.EqualTo(1), $"step {n}: one failure, one exception");
                Use(Make(checks, worker, null));
                continue;
            }

            Assert.That(plan.Injected, Is.Zero, $"step {n} failed and nobody said so");
            plan.Enabled = false;
            Use(domain);
            return failures;
        }
    }

    private static IovaDomain Make(CheckLevelToSweep checks, bool worker, FaultPlan? plan)
    {
        CheckLevel level = checks == CheckLevelToSweep.Basic ? CheckLevel.Basic : CheckLevel.None;
        return new IovaDomain(options: Domains.Options(36, level, plan) with { Reclaim = new() { Worker = worker } });
    }

    private static void Use(IovaDomain domain)
    {
        ulong pfn = domain.AllocateFast(3, domain.LastPfn);
        IovaRange range = domain.Allocate(1000, domain.LastPfn, false);
        domain.FreeFast(pfn, 3);
        Assert.That(domain.Free(range));
        Domains.BalanceEmpty(domain);
        domain.Dispose();
        domain.Dispose();
    }
}
