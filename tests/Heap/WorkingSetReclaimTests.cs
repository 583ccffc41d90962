using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>The working-set policy: what stayed unused for a whole interval goes; the worker does it unasked.</summary>
[TestFixture]
public sealed unsafe class WorkingSetReclaimTests
{
    [Test]
    public void FirstIntervalObserves_WhatStaysUnusedForAWholeOneGoes()
    {
        using NativeHeap heap = Heaps.Quiet(policy: ReclaimPolicy.WorkingSet, threshold: 0);
        Burst(heap, 16, 3000);
        HeapStatistics start = heap.GetStatistics();
        Assert.That(start.DepotMagazines, Is.GreaterThan(10));

        heap.Tick();
        Assert.That(heap.GetStatistics().DepotMagazines, Is.EqualTo(start.DepotMagazines), "the first interval only observes");

        heap.Tick();
        heap.Tick();
        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.DepotMagazines, Is.Zero, "nothing was used for two intervals");
        Assert.That(s.ReclaimedMagazines, Is.EqualTo(start.DepotMagazines));
        heap.Tick();
        heap.Tick();
        Assert.That(heap.GetStatistics().CommittedBytes, Is.EqualTo(s.CommittedBytes), "pages stay for a breath");
        for (int pass = 0; pass < 10; pass++)
        {
            heap.Tick();
        }

        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThan(start.CommittedBytes), "pages idle for ten passes follow");
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void MagazinesInUseEveryInterval_Stay()
    {
        using NativeHeap heap = Heaps.Quiet(policy: ReclaimPolicy.WorkingSet, threshold: 0);
        Burst(heap, 16, 4000);
        heap.Tick();
        long start = heap.GetStatistics().DepotMagazines;
        for (int interval = 0; interval < 5; interval++)
        {
            Burst(heap, 16, 1500); // about 11 magazines travel out and back in each interval
            heap.Tick();
        }

        HeapStatistics s = heap.GetStatistics();
        Assert.That(start, Is.GreaterThanOrEqualTo(15), "the premise: more than the working set");
        Assert.That(s.DepotMagazines, Is.InRange(6, 13), $"of {start}: the working set stays, the rest goes");
        Assert.That(s.SourceRefills, Is.GreaterThan(0));

        long refills = s.SourceRefills;
        Burst(heap, 16, 1200);
        Assert.That(heap.GetStatistics().SourceRefills, Is.EqualTo(refills), "the working set is served from the depot");
    }

    [Test]
    public void LiveBlocks_AreUntouchedByReclaim()
    {
        using NativeHeap heap = Heaps.Quiet(policy: ReclaimPolicy.WorkingSet, threshold: 0);
        nint[] blocks = new nint[4000];
        heap.AllocateMany(128, blocks);
        for (int i = 0; i < blocks.Length; i++)
        {
            BlockPattern.Fill((void*)blocks[i], 128, 1, i);
        }

        for (int i = 0; i < blocks.Length; i += 2)
        {
            heap.Free((void*)blocks[i]);
        }

        heap.Tick();
        heap.Tick();
        heap.Tick();
        for (int i = 1; i < blocks.Length; i += 2)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)blocks[i], 128, 1, i), Is.EqualTo(-1));
            heap.Free((void*)blocks[i]);
        }

        Books.BalanceEmpty(heap);
    }

    [TestCase(ReclaimPolicy.Flat)]
    [TestCase(ReclaimPolicy.WorkingSet)]
    public void Worker_BringsMemoryDownByItself_WithinASecond(ReclaimPolicy policy)
    {
        using NativeHeap heap = new(new NativeHeapOptions
        {
            ReservedBytes = 8 * Heaps.GiB,
            Reclaim = new() { Policy = policy, Interval = TimeSpan.FromMilliseconds(5), Threshold = 1 },
        });
        Burst(heap, 1024, 10_000);
        Burst(heap, 64, 10_000);
        HeapStatistics busy = heap.GetStatistics();
        Assert.That(busy.PeakCommittedBytes, Is.GreaterThan(9 * Heaps.MiB), "the premise: a burst");

        bool down = Crew.Eventually(
            () => heap.GetStatistics() is { ReclaimedMagazines: > 0, CommittedBytes: <= Heaps.MiB / 2 }, TimeSpan.FromSeconds(1));

        HeapStatistics idle = heap.GetStatistics();
        Assert.That(down, Is.True, $"{idle}");
        Assert.That(idle.DecommittedBytes, Is.GreaterThan(7 * Heaps.MiB));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void Worker_SleepsWhenNothingIsToDo_AndWakesForTheNextBurst()
    {
        using NativeHeap heap = Heaps.WithWorker(intervalMs: 5);
        for (int burst = 0; burst < 3; burst++)
        {
            Burst(heap, 1024, 8000);
            long reclaimed = heap.GetStatistics().ReclaimedMagazines;
            bool down = Crew.Eventually(
                () => heap.GetStatistics() is { CommittedBytes: <= Heaps.MiB / 2 } s && s.ReclaimedMagazines > reclaimed,
                TimeSpan.FromSeconds(2));
            Assert.That(down, Is.True, $"burst {burst}: {heap.GetStatistics()}");
            Thread.Sleep(100);
        }
    }

    [Test]
    public void WithoutWorker_NothingIsReclaimedUnasked()
    {
        using NativeHeap heap = Heaps.Quiet();
        Burst(heap, 1024, 5000);
        HeapStatistics busy = heap.GetStatistics();
        Thread.Sleep(250);
        HeapStatistics later = heap.GetStatistics();
        Assert.That(later.ReclaimedMagazines, Is.Zero);
        Assert.That(later.CommittedBytes, Is.EqualTo(busy.CommittedBytes));
    }

    [Test]
    public void Dispose_StopsTheWorkerThread()
    {
        Heaps.WithWorker().Dispose();
        int before = ProcessState.Threads;
        for (int i = 0; i < 40; i++)
        {
            using NativeHeap heap = Heaps.WithWorker(intervalMs: 1);
            Burst(heap, 64, 1000);
        }

        bool gone = Crew.Eventually(() => ProcessState.Threads <= before + 4, TimeSpan.FromSeconds(3));
        Assert.That(gone, Is.True, $"{before} threads before, {ProcessState.Threads} after 40 heaps");
    }

    [Test]
    public void AForgottenHeap_DoesNotKeepTheProcessBusy()
    {
        using NativeHeap heap = new(new NativeHeapOptions { ReservedBytes = Heaps.GiB, Reclaim = new() { Interval = TimeSpan.FromMilliseconds(1) } });
        Burst(heap, 64, 5000);
        Assert.That(Crew.Eventually(() => Idle(TimeSpan.FromMilliseconds(300)), TimeSpan.FromSeconds(5)), Is.True,
            "an idle heap's worker must not spin");

        // Less than half a processor in some window: other threads of the test host may be at work in another.
        static bool Idle(TimeSpan window)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            Thread.Sleep(window);
            return Environment.CpuUsage.TotalTime - before < window / 2;
        }
    }

    private static void Burst(NativeHeap heap, nuint size, int count)
    {
        nint[] blocks = new nint[count];
        for (int i = 0; i < count; i++)
        {
            blocks[i] = (nint)heap.Allocate(size);
            *(long*)blocks[i] = i;
        }

        foreach (nint block in blocks)
        {
            heap.Free((void*)block);
        }
    }
}
