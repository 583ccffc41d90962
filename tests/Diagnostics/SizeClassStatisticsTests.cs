using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Diagnostics;

/// <summary>The books by level and by class add up to the whole, while nobody allocates or frees.</summary>
public sealed unsafe class SizeClassStatisticsTests
{
    [TestCase(CheckLevel.None)]
    [TestCase(CheckLevel.Basic)]
    public void Classes_add_up_to_the_heap(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        var random = new Random(1);
        List<nint> live = [];
        Crew.Run(1, _ => Churn(heap, random, live));
        Churn(heap, random, live);

        HeapStatistics whole = heap.GetStatistics();
        IReadOnlyList<SizeClassStatistics> classes = heap.GetSizeClassStatistics();
        Assert.Multiple(() =>
        {
            Assert.That(classes, Has.Count.GreaterThan(20));
            Assert.That(classes.Select(one => one.BlockBytes), Is.Ordered.And.Unique);
            Assert.That(classes.Sum(one => one.AllocatedBlocks), Is.EqualTo(whole.AllocatedBlocks));
            Assert.That(classes.Sum(one => one.ThreadCachedBlocks * one.BlockBytes), Is.EqualTo(whole.ThreadCachedBytes).And.Positive);
            Assert.That(classes.Sum(one => one.DepotCachedBlocks * one.BlockBytes), Is.EqualTo(whole.DepotCachedBytes).And.Positive);
            Assert.That(classes.Sum(one => one.FreeBlocks), Is.EqualTo(whole.FreeBlocks));
            Assert.That(classes.Sum(one => one.FreeBlocks * one.BlockBytes), Is.EqualTo(whole.FreeBytes));
            Assert.That(whole.ThreadCachedBytes + whole.DepotCachedBytes, Is.EqualTo(whole.CachedBytes));
            Assert.That(whole.DepotHits, Is.LessThan(whole.DepotExchanges).And.Positive);
            foreach (SizeClassStatistics one in classes)
            {
                Assert.That(one.Slabs, Is.Positive);
                Assert.That(one.WasteBytes, Is.GreaterThanOrEqualTo((one.ThreadCachedBlocks + one.DepotCachedBlocks + one.FreeBlocks) * one.BlockBytes));
            }
        });
        live.ForEach(block => heap.Free((void*)block));
    }

    [Test]
    public void A_pool_has_one_class()
    {
        using UnmanagedPool<Guid> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual });
        Assert.That(pool.GetSizeClassStatistics(), Is.Empty);
        Guid* item = pool.Rent();
        SizeClassStatistics one = pool.GetSizeClassStatistics().Single();
        Assert.That(one.BlockBytes, Is.EqualTo(sizeof(Guid)));
        Assert.That(one.AllocatedBlocks, Is.EqualTo(1));
        Assert.That(one.Slabs, Is.EqualTo(1));
        Assert.That(one.WasteBytes, Is.EqualTo((64 * 1024) - sizeof(Guid)));
        pool.Return(item);
    }

    [Test]
    public void A_disposed_heap_has_no_books()
    {
        NativeHeap heap = Heaps.Quiet();
        heap.Dispose();
        Assert.That(heap.GetSizeClassStatistics, Throws.TypeOf<ObjectDisposedException>());
    }

    private static void Churn(NativeHeap heap, Random random, List<nint> live)
    {
        nint[] burst = new nint[1500];
        heap.AllocateMany(48, burst);
        heap.FreeMany(burst);
        heap.AllocateMany(48, burst);
        heap.FreeMany(burst);
        for (int i = 0; i < 20_000; i++)
        {
            live.Add((nint)heap.Allocate((nuint)random.Next(1, 5000)));
            if (live.Count > 700)
            {
                int victim = random.Next(live.Count);
                heap.Free((void*)live[victim]);
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
            }
        }
    }
}
