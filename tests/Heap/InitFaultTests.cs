using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>
/// Every fallible step of every constructor fails in turn: one clear exception, nothing left behind, the next attempt works.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed unsafe class InitFaultTests
{
    private const long Reserved = 64 * Heaps.GiB;
    private const int MostSteps = 500;

    public enum Component
    {
        HeapNone,
        HeapBasic,
        HeapFull,
        HeapWithoutWorker,
        Pool,
        Cache,
    }

    [Test]
    public void EveryStepOfConstruction_FailsCleanly_AndTheNextAttemptWorks([Values] Component component)
    {
        Use(component, null);
        int mappings = ProcessState.Mappings;
        int threads = ProcessState.Threads;
        long virtualBytes = ProcessState.VirtualBytes;
        int failures = 0;
        for (long n = 1; ; n++)
        {
            Assert.That(n, Is.LessThan(MostSteps), "the sweep has no end");
            FaultPlan plan = FaultPlan.FailNth(n);
            if (!Fails(component, plan))
            {
                Assert.That(plan.Injected, Is.Zero, $"step {n} failed and nobody said so");
                break;
            }

            failures++;
            Assert.That(plan.Injected, Is.EqualTo(1), $"step {n}: one failure, one exception");
            Assert.That(ProcessState.VirtualBytes - virtualBytes, Is.LessThan(Reserved / 2), $"step {n} left its reservation");
            Use(component, null);
        }

        TestContext.Out.WriteLine($"{component}: {failures} fallible steps");
        Assert.That(failures, Is.GreaterThanOrEqualTo(component == Component.Cache ? 1 : 3));
        Assert.That(ProcessState.Mappings, Is.LessThanOrEqualTo(mappings + failures - 1 + 8), "a mapping a step is left");
        bool gone = Crew.Eventually(() => ProcessState.Threads <= threads + 3, TimeSpan.FromSeconds(3));
        Assert.That(gone, Is.True, $"{threads} threads before, {ProcessState.Threads} after {failures} failures");
    }

    [Test]
    public void FailedConstructions_RepeatedAThousandTimes_LeakNothing()
    {
        Use(Component.HeapFull, null);
        long before = ProcessState.ResidentBytes;
        long virtualBefore = ProcessState.VirtualBytes;
        int injected = 0;
        for (int i = 0; i < 1000; i++)
        {
            FaultPlan plan = FaultPlan.FailNth(1 + (i % 8));
            Fails(Component.HeapFull, plan);
            injected += (int)plan.Injected;
        }

        Assert.That(injected, Is.GreaterThan(200));
        Assert.That(ProcessState.VirtualBytes - virtualBefore, Is.LessThan(Reserved / 2));
        Assert.That(ProcessState.ResidentBytes - before, Is.LessThan(48 * Heaps.MiB));
    }

    private static IEnumerable<FaultPoint> InitPoints() => [FaultPoint.Reserve, FaultPoint.Metadata, FaultPoint.WorkerStart];

    [TestCaseSource(nameof(InitPoints))]
    public void Failure_NamesTheStep(FaultPoint point)
    {
        FaultPlan plan = FaultPlan.FailNth(1).At(point);
        Exception? failure = null;
        try
        {
            new NativeHeap(new NativeHeapOptions { Name = "doomed", Faults = plan, ReservedBytes = Heaps.GiB }).Dispose();
        }
        catch (Exception e)
        {
            failure = e;
        }

        Assert.That(plan.Injected, Is.EqualTo(1));
        Assert.That(failure, Is.InstanceOf<OutOfMemoryException>().Or.InstanceOf<PlatformException>());
        string step = point == FaultPoint.WorkerStart ? "worker" : point.ToString();
        Assert.That(failure!.Message, Does.Contain(step).IgnoreCase);
    }

    [Test]
    public void DisabledPlan_InjectsNothing()
    {
        FaultPlan plan = FaultPlan.FailNth(1);
        plan.Enabled = false;
        using NativeHeap heap = new(new NativeHeapOptions { Faults = plan, ReservedBytes = Heaps.GiB });
        heap.Free(heap.Allocate(64));
        Assert.That(plan.Injected, Is.Zero);
        Assert.That(heap.GetStatistics().InjectedFaults, Is.Zero);
    }

    private static bool Fails(Component component, FaultPlan plan)
    {
        try
        {
            Use(component, plan);
            return false;
        }
        catch (OutOfMemoryException)
        {
            return true;
        }
        catch (PlatformException)
        {
            return true;
        }
    }

    /// <summary>Constructs with the plan, then uses the thing without faults, then disposes it.</summary>
    private static void Use(Component component, FaultPlan? plan)
    {
        switch (component)
        {
            case Component.Pool:
                using (UnmanagedPool<long> pool = new(new UnmanagedPoolOptions { Faults = plan, ReservedBytes = Reserved }))
                {
                    Disable(plan);
                    pool.Return(pool.Rent());
                }

                break;
            case Component.Cache:
                IdStore store = new(300);
                using (MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), new MagazineCacheOptions { Faults = plan }))
                {
                    Disable(plan);
                    Assert.That(cache.TryAllocate(out ulong id), Is.True);
                    cache.Free(id);
                }

                Assert.That(store.Available, Is.EqualTo(300));
                break;
            default:
                using (NativeHeap heap = new(new NativeHeapOptions
                {
                    Name = "sweep",
                    Faults = plan,
                    ReservedBytes = Reserved,
                    Reclaim = new() { Worker = component != Component.HeapWithoutWorker },
                    Checks = component switch
                    {
                        Component.HeapBasic => CheckLevel.Basic,
                        Component.HeapFull => CheckLevel.Full,
                        _ => CheckLevel.None,
                    },
                }))
                {
                    Disable(plan);
                    heap.Free(heap.Allocate(64));
                    heap.Free(heap.Allocate(100_000));
                    Books.BalanceEmpty(heap);
                }

                break;
        }
    }

    private static void Disable(FaultPlan? plan)
    {
        if (plan is not null)
        {
            plan.Enabled = false;
        }
    }
}
