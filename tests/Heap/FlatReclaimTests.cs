using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>The policy of iova_depot_work_func: above the threshold one magazine a pass, then stop.</summary>
[TestFixture]
public sealed unsafe class FlatReclaimTests
{
    private const int Threshold = 3;

    [Test]
    public void Tick_AboveTheThreshold_ReclaimsExactlyOneMagazine_AndStopsAtTheThreshold()
    {
        using NativeHeap heap = Heaps.Quiet(policy: ReclaimPolicy.Flat, threshold: Threshold);
        Burst(heap, 16, 3000);
        HeapStatistics start = heap.GetStatistics();
        Assert.That(start.DepotMagazines, Is.GreaterThan(Threshold + 5), "the premise: a depot above its threshold");
        Assert.That(start.ReclaimedMagazines, Is.Zero);

        long expected = start.DepotMagazines;
        for (int tick = 1; tick <= start.DepotMagazines + 5; tick++)
        {
            heap.Tick();
            expected = Math.Max(expected - 1, Threshold);
            HeapStatistics s = heap.GetStatistics();
            Assert.That(s.DepotMagazines, Is.EqualTo(expected), $"after tick {tick}");
            Assert.That(s.ReclaimedMagazines, Is.EqualTo(start.DepotMagazines - expected), $"after tick {tick}");
            Books.Balance(s, $"after tick {tick}");
        }
    }

    [Test]
    public void Tick_TakesOneMagazineOfEachClassAboveItsThreshold()
    {
        using NativeHeap heap = Heaps.Quiet(policy: ReclaimPolicy.Flat, threshold: Threshold);
        Burst(heap, 16, 900);
        Burst(heap, 64, 900);
        long start = heap.GetStatistics().DepotMagazines;

        heap.Tick();
        Assert.That(heap.GetStatistics().DepotMagazines, Is.EqualTo(start - 2));
        heap.Tick();
        Assert.That(heap.GetStatistics().DepotMagazines, Is.EqualTo(start - 4));

        for (int i = 0; i < start; i++)
        {
            heap.Tick();
        }

        Assert.That(heap.GetStatistics().DepotMagazines, Is.EqualTo(2 * Threshold));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void ThresholdZero_EmptiesTheDepot()
    {
        using NativeHeap heap = Heaps.Quiet(policy: ReclaimPolicy.Flat, threshold: 0);
        Burst(heap, 16, 2000);
        long start = heap.GetStatistics().DepotMagazines;
        for (int i = 0; i < start; i++)
        {
            heap.Tick();
        }

        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.DepotMagazines, Is.Zero);
        Assert.That(s.ReclaimedMagazines, Is.EqualTo(start));
        Books.Balance(s);
    }

    [Test]
    public void BelowTheThreshold_NothingIsReclaimed()
    {
        using NativeHeap heap = Heaps.Quiet(policy: ReclaimPolicy.Flat, threshold: 1000);
        Burst(heap, 16, 3000);
        long start = heap.GetStatistics().DepotMagazines;
        for (int i = 0; i < 20; i++)
        {
            heap.Tick();
        }

        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.DepotMagazines, Is.EqualTo(start));
        Assert.That(s.ReclaimedMagazines, Is.Zero);
    }

    [Test]
    public void ReclaimedBlocks_AreHandedOutAgain_EachOnce()
    {
        using NativeHeap heap = Heaps.Quiet(CheckLevel.Basic, policy: ReclaimPolicy.Flat, threshold: 0);
        Burst(heap, 16, 3000);
        for (int i = 0; i < 10; i++)
        {
            heap.Tick();
        }

        nint[] blocks = new nint[6000];
        Assert.That(heap.AllocateMany(16, blocks), Is.EqualTo(blocks.Length));
        Assert.That(blocks.Distinct().Count(), Is.EqualTo(blocks.Length));
        heap.FreeMany(blocks);
        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    private static void Burst(NativeHeap heap, nuint size, int count)
    {
        nint[] blocks = new nint[count];
        for (int i = 0; i < count; i++)
        {
            blocks[i] = (nint)heap.Allocate(size);
        }

        foreach (nint block in blocks)
        {
            heap.Free((void*)block);
        }
    }
}
