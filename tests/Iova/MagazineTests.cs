using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>What magazines and depots do with ranges.</summary>
[TestFixture]
public sealed class MagazineTests
{
    private const int Capacity = 127;

    [Test]
    public void AFreedThree_IsReusedForAFour_AndTheReverse()
    {
        // A space with one range of four.
        using IovaDomain domain = Domains.Quiet(bits: 3, startPfn: 4);
        for (int i = 0; i < 300; i++)
        {
            Assert.That(domain.AllocateFast(3, domain.LastPfn, flushRcache: false), Is.EqualTo(4));
            domain.FreeFast(4, 3);
            Assert.That(domain.AllocateFast(4, domain.LastPfn, flushRcache: false), Is.EqualTo(4));
            domain.FreeFast(4, 4);
        }
    }

    [Test]
    public void SizesOf17To32_ComeOutOfOneOrder_And33OutOfTheTree()
    {
        using IovaDomain domain = Domains.Quiet();
        for (ulong size = 17; size <= 32; size++)
        {
            ulong pfn = domain.AllocateFast(size, domain.LastPfn);
            domain.FreeFast(pfn, size);
        }

        Assert.That(domain.GetOrderStatistics(5).CachedRanges, Is.GreaterThan(0).And.EqualTo(domain.GetStatistics().CachedRanges));
        ulong large = domain.AllocateFast(33, domain.LastPfn);
        Assert.That(large % 64, Is.Zero);
        domain.FreeFast(large, 33);
        Assert.That(domain.TryFind(large, out _), Is.False);
        Assert.That(domain.GetStatistics().UncachedAllocations, Is.EqualTo(1));
    }

    [Test]
    public void FullMagazines_GoToTheDepot_AndComeBack()
    {
        using IovaDomain domain = Domains.Quiet();
        List<ulong> live = [.. Enumerable.Range(0, 10 * Capacity).Select(_ => domain.AllocateFast(1, domain.LastPfn))];
        Assert.That(live.Distinct().Count(), Is.EqualTo(live.Count));
        live.ForEach(pfn => domain.FreeFast(pfn, 1));

        IovaStatistics freed = domain.GetStatistics();
        Assert.That(freed.DepotMagazines, Is.GreaterThanOrEqualTo(7));
        Assert.That(domain.GetOrderStatistics(0).DepotMagazines, Is.EqualTo(freed.DepotMagazines));
        HashSet<ulong> known = [.. live];
        Assert.That(Enumerable.Range(0, 5 * Capacity).All(_ => known.Contains(domain.AllocateFast(1, domain.LastPfn))), "out of the depot");
        Domains.Balance(domain, 5 * Capacity);
        Assert.That(domain.GetStatistics().DepotExchanges, Is.GreaterThan(freed.DepotExchanges));
    }

    [Test]
    public void WhatOneThreadFrees_AnotherAllocates()
    {
        using IovaDomain domain = Domains.Quiet();
        HashSet<ulong> first = [.. Enumerable.Range(0, 8 * Capacity).Select(_ => domain.AllocateFast(2, domain.LastPfn))];
        Crew.RunOne(() =>
        {
            foreach (ulong pfn in first)
            {
                domain.FreeFast(pfn, 2);
            }
        });
        int known = Enumerable.Range(0, 4 * Capacity).Count(_ => first.Contains(domain.AllocateFast(2, domain.LastPfn)));
        Assert.That(known, Is.EqualTo(4 * Capacity));
        Domains.Balance(domain, 8 * Capacity);
    }

    [Test]
    public void TheFlatPolicy_TakesOneMagazineEachPass_DownToTheThreshold()
    {
        using var domain = new IovaDomain(options: Domains.Options() with { Reclaim = ReclaimOptions.Manual with { Policy = ReclaimPolicy.Flat, Threshold = 3 } });
        Churn(domain, 10 * Capacity);
        long before = domain.GetStatistics().DepotMagazines;
        Assert.That(before, Is.GreaterThan(4));
        for (long depth = before; depth > 3; depth--)
        {
            Assert.That(domain.GetStatistics().DepotMagazines, Is.EqualTo(depth));
            Assert.That(domain.Tick(), Is.EqualTo(depth - 1 > 3), "another pass is asked for while there is more");
        }

        Assert.That(domain.Tick(), Is.False);
        Assert.That(domain.GetStatistics().DepotMagazines, Is.EqualTo(3));
        Assert.That(domain.GetStatistics().ReclaimedMagazines, Is.EqualTo(before - 3));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void TheWorker_EmptiesWhatNobodyUses()
    {
        using var domain = new IovaDomain(options: new() { Reclaim = new() { Interval = TimeSpan.FromMilliseconds(5) } });
        Churn(domain, 10 * Capacity);
        Assert.That(Crew.Eventually(() => domain.GetStatistics().DepotMagazines == 0, TimeSpan.FromSeconds(10)));
        Domains.Balance(domain, 0);
    }

    [Test]
    public void TheDepotsOfAllOrders_ShareOneBudget()
    {
        using IovaDomain domain = Domains.Quiet();
        List<ulong> live = [.. Enumerable.Range(0, 20_000).Select(_ => domain.AllocateFast(32, domain.LastPfn))];
        live.ForEach(pfn => domain.FreeFast(pfn, 32));
        IovaStatistics s = domain.GetStatistics();
        Assert.That(s.CachedUnits, Is.LessThan(20_000 * 32 / 2), "most of it went home");
        Assert.That(s.SourceReturns, Is.GreaterThan(0));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void TheFastPair_AllocatesNothingManaged([Values] bool checks)
    {
        using IovaDomain domain = Domains.Quiet(checks: checks ? CheckLevel.Basic : CheckLevel.None);
        ulong[] live = new ulong[600];
        void Round()
        {
            for (int i = 0; i < live.Length; i++)
            {
                live[i] = domain.AllocateFast(1 + ((ulong)i % 48), i % 2 == 0 ? domain.LastPfn : 0xFFFFF);
            }

            for (int i = 0; i < live.Length; i++)
            {
                domain.FreeFast(live[i], 1 + ((ulong)i % 48));
            }
        }

        Round();
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Round();
            domain.TryAllocateFast(1UL << 40, domain.LastPfn, true, out _);
            domain.TryAllocate(7, domain.LastPfn, false, out IovaRange range);
            domain.TryFind(range.First, out _);
            domain.Free(range);
            domain.GetStatistics();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.That(least, Is.Zero);
    }

    private static void Churn(IovaDomain domain, int count)
    {
        List<ulong> live = [.. Enumerable.Range(0, count).Select(_ => domain.AllocateFast(1, domain.LastPfn))];
        live.ForEach(pfn => domain.FreeFast(pfn, 1));
    }
}
