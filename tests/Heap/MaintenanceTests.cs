using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>What a host that has no worker goes by: each owner says the same with Tick, Flush and Trim.</summary>
[TestFixture]
public sealed unsafe class MaintenanceTests
{
    [Test]
    public void Tick_OfAHeap_AsksForAnotherPass_UntilAllThatWasFreedIsBack()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] blocks = new nint[20_000];
        Assert.That(heap.AllocateMany(64, blocks), Is.EqualTo(blocks.Length));
        heap.FreeMany(blocks);
        Assert.That(heap.GetStatistics().DepotMagazines, Is.GreaterThan(10));

        Assert.That(heap.Tick(), Is.True);
        PassUntilDone(heap.Tick);

        Assert.That(heap.GetStatistics().DepotMagazines, Is.Zero);
        Assert.That(heap.Tick(), Is.False);
    }

    [Test]
    public void Tick_OfAPool_AsksForAnotherPass_UntilAllThatWasReturnedIsBack()
    {
        using UnmanagedPool<long> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual, ReservedBytes = Heaps.GiB });
        nint[] items = new nint[20_000];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = (nint)pool.Rent();
        }

        foreach (nint item in items)
        {
            pool.Return((long*)item);
        }

        Assert.That(pool.Tick(), Is.True);
        PassUntilDone(pool.Tick);

        Assert.That(pool.GetStatistics().DepotMagazines, Is.Zero);
    }

    [Test]
    public void Tick_OfACache_AsksForAnotherPass_UntilTheDepotIsEmpty()
    {
        using MagazineCache<IdStore.Source> cache = Filled(new IdStore(8000));

        Assert.That(cache.Tick(), Is.True);
        PassUntilDone(cache.Tick);

        Assert.That(cache.GetStatistics().DepotMagazines, Is.Zero);
    }

    [Test]
    public void Trim_OfACache_SaysTheBytesOfMagazinesThatNobodyUses_Once()
    {
        IdStore store = new(8000);
        using MagazineCache<IdStore.Source> cache = Filled(store);
        long committed = cache.GetStatistics().CommittedBytes;

        long bytes = cache.Trim();

        Assert.That(store.Available, Is.EqualTo(8000));
        Assert.That(bytes, Is.GreaterThan(0));
        Assert.That(cache.GetStatistics().CommittedBytes, Is.EqualTo(committed - bytes));
        Assert.That(cache.Trim(), Is.Zero);
    }

    /// <summary>A cache with a thousand full magazines in its depot.</summary>
    private static MagazineCache<IdStore.Source> Filled(IdStore store)
    {
        MagazineCache<IdStore.Source> cache = new(
            new IdStore.Source(store), new MagazineCacheOptions { MagazineCapacity = 8, Reclaim = ReclaimOptions.Manual });
        List<ulong> ids = [];
        while (cache.TryAllocate(out ulong id))
        {
            ids.Add(id);
        }

        ids.ForEach(cache.Free);
        Assert.That(cache.GetStatistics().DepotMagazines, Is.GreaterThan(900));
        return cache;
    }

    private static void PassUntilDone(Func<bool> tick)
    {
        int passes = 0;
        while (tick())
        {
            Assert.That(++passes, Is.LessThan(100), "passes without an end");
        }
    }
}
