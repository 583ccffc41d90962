using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>What an allocator has to do to behave as iova.c does: the rows about the caches.</summary>
[TestFixture]
public sealed class ConformanceCacheTests
{
    private const int Magazine = 127;

    [Test]
    public void Rounding_SizesUpTo32AreRoundedUpAndCached_LargerOnesAreNot()
    {
        using IovaDomain domain = Spaces.Quiet();
        for (ulong size = 1; size <= 40; size++)
        {
            domain.Flush();
            ulong pfn = domain.AllocateFast(size, Spaces.Last32);
            Assert.That(domain.TryFind(pfn, out IovaRange range), Is.True);
            Assert.That(range, Is.EqualTo(new IovaRange(pfn, pfn + Spaces.FastUnits(size) - 1)), $"{size}");
            Assert.That(pfn % Spaces.RoundUp(size), Is.Zero, $"{size}");

            domain.FreeFast(pfn, size);
            Assert.That(domain.TryFind(pfn, out _), Is.EqualTo(size <= 32), $"{size}: a cached range never leaves the tree");
        }
    }

    [TestCase(3ul, 4ul)]
    [TestCase(4ul, 3ul)]
    [TestCase(17ul, 32ul)]
    [TestCase(31ul, 17ul)]
    public void Rounding_AFreedSize_IsReusedForAnyOtherOfItsOrder(ulong freed, ulong wanted)
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong[] pfns = domain.AllocateMany(40, freed, Spaces.Last32);
        domain.Flush();
        domain.FreeMany(pfns, freed);
        long steps = domain.GetStatistics().SearchSteps;
        Assert.That(domain.AllocateMany(40, wanted, Spaces.Last32).ToHashSet().SetEquals(pfns), Is.True);
        Assert.That(domain.GetStatistics().SearchSteps, Is.EqualTo(steps));
    }

    [Test]
    public void CacheContent_IsFoundByItsAddress_AndIsNotAllocatedAgain()
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 10);
        ulong[] pfns = domain.AllocateMany(100, 4, domain.LastPfn);
        domain.FreeMany(pfns, 4);
        foreach (ulong pfn in pfns)
        {
            Assert.That(domain.TryFind(pfn + 2, out IovaRange range), Is.True);
            Assert.That(range, Is.EqualTo(new IovaRange(pfn, pfn + 3)));
        }

        while (domain.TryAllocate(1, domain.LastPfn, true, out IovaRange range))
        {
            Assert.That(pfns, Does.Not.Contain(range.First & ~3UL));
        }
    }

    [Test]
    public void Limit_InTheMiddleOfTheRangeOnTop_DoesNotFitIt([Values(2ul, 8ul, 32ul)] ulong size)
    {
        for (ulong inside = 0; inside < size; inside++)
        {
            using IovaDomain domain = Spaces.Quiet();
            ulong[] pfns = domain.AllocateMany(20, size, Spaces.Last32);
            domain.Flush();
            domain.FreeMany(pfns, size);
            Assert.That(domain.AllocateFast(size, Spaces.Last32), Is.EqualTo(pfns[^1]), "the premise: now the one before it is on top");

            ulong limit = pfns[^2] + inside;
            ulong pfn = domain.AllocateFast(size, limit);
            Assert.That(pfn + size - 1, Is.LessThanOrEqualTo(limit));
            Assert.That(pfn == pfns[^2], Is.EqualTo(inside == size - 1), "the whole of it does");
        }
    }

    [Test]
    public void Order_WithinAMagazine_LastInFirstOut()
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong[] pfns = domain.AllocateMany(100, 2, Spaces.Last32);
        domain.Flush();
        new Random(8).Shuffle(pfns);
        domain.FreeMany(pfns, 2);
        Assert.That(domain.AllocateMany(100, 2, Spaces.Last32), Is.EqualTo(pfns.Reverse()));
    }

    [Test]
    public void Order_TakingFromTheMiddle_KeepsTheSet()
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong[] pfns = domain.AllocateMany(120, 1, Spaces.Last32);
        domain.Flush();
        Random random = new(9);
        HashSet<ulong> cached = [.. pfns];
        random.Shuffle(pfns);
        domain.FreeMany(pfns, 1);
        ulong steps = (ulong)domain.GetStatistics().SearchSteps;
        while (cached.Count > 0)
        {
            // A limit in the middle of what is cached: the magazine has to look below its top.
            ulong limit = cached.Order().ElementAt(random.Next(cached.Count));
            ulong pfn = domain.AllocateFast(1, limit);
            Assert.That(pfn, Is.LessThanOrEqualTo(limit));
            Assert.That(cached.Remove(pfn), Is.True, $"{pfn} was not cached any more");
        }

        Assert.That((ulong)domain.GetStatistics().SearchSteps, Is.EqualTo(steps), "the caches answered every request");
    }

    [Test]
    public void Order_TwoMagazinesFill_BeforeTheDepotGetsOne()
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong[] pfns = domain.AllocateMany((3 * Magazine) + 1, 1, Spaces.Last32);
        domain.Flush();
        for (int i = 1; i <= pfns.Length; i++)
        {
            domain.FreeFast(pfns[i - 1], 1);
            long expected = i > 2 * Magazine ? (i - 1 - Magazine) / Magazine : 0;
            Assert.That(domain.GetStatistics().DepotMagazines, Is.EqualTo(expected), $"after {i} frees");
            Assert.That(domain.GetStatistics().CachedUnits, Is.EqualTo(i));
        }
    }

    [Test]
    public void Flush_IsDoneOnce_AndFindsWhateverIsCached([Values] bool inDeadThread)
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 9, start: 0);
        if (inDeadThread)
        {
            Crew.RunOne(FillWithSingles);
        }
        else
        {
            FillWithSingles();
        }

        long before = domain.GetStatistics().FlushRetries;
        Assert.That(domain.TryAllocateFast(32, domain.LastPfn, flushRcache: false, out _), Is.False, "the caches hold all of it");
        Assert.That(domain.GetStatistics().FlushRetries, Is.EqualTo(before), "no flush without the flag");
        Assert.That(domain.TryAllocateFast(32, domain.LastPfn, flushRcache: true, out ulong pfn), Is.True);
        Assert.That(domain.GetStatistics().FlushRetries, Is.EqualTo(before + 1));
        domain.FreeFast(pfn, 32);

        Assert.That(domain.TryAllocateFast(1024, domain.LastPfn, flushRcache: true, out _), Is.False, "larger than the space");
        Assert.That(domain.GetStatistics().FlushRetries, Is.LessThanOrEqualTo(before + 2), "and tried once more at most");
        domain.AssertNothingIsLost();

        void FillWithSingles() => domain.FreeMany(domain.AllocateMany(512, 1, domain.LastPfn), 1);
    }

    [Test]
    public void Flush_ReachesALivingThread_ThatDoesNothing([Values] bool onExhaustion)
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 9, start: 0);
        using ManualResetEventSlim filled = new(false);
        using ManualResetEventSlim flushed = new(false);
        Crew.Handle other = Crew.Start(1, _ =>
        {
            domain.FreeMany(domain.AllocateMany(100, 1, domain.LastPfn), 1);
            filled.Set();
            Assert.That(flushed.Wait(TimeSpan.FromSeconds(10)), Is.True);
            domain.FreeMany(domain.AllocateMany(100, 1, domain.LastPfn), 1); // its cache is usable as before
        });
        Assert.That(filled.Wait(TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(domain.TryAllocate(512, domain.LastPfn, true, out _), Is.False, "the premise: the other thread caches some of it");
        if (!onExhaustion)
        {
            Assert.That(domain.Flush(), Is.GreaterThanOrEqualTo(100));
        }

        Assert.That(domain.TryAllocateFast(512, domain.LastPfn, flushRcache: onExhaustion, out ulong pfn), Is.True);
        domain.FreeFast(pfn, 512);
        flushed.Set();
        Crew.Finish(other);
        domain.AssertNothingIsLost();
    }

    [Test]
    public void Reclaim_TheWorkerBringsHomeWhatNobodyUses_AndStopsWithTheDomain()
    {
        IovaDomain domain = new(4096, 1, new IovaDomainOptions { Name = "worker", Reclaim = new() { Interval = TimeSpan.FromMilliseconds(2) } });
        domain.FreeMany(domain.AllocateMany(20 * Magazine, 1, Spaces.Last32), 1);
        Assert.That(
            Crew.Eventually(() => domain.GetStatistics().DepotMagazines == 0, TimeSpan.FromSeconds(10)),
            Is.True,
            "nobody called Tick");
        int threads = ProcessState.Threads;
        domain.Dispose();
        Assert.That(Crew.Eventually(() => ProcessState.Threads < threads, TimeSpan.FromSeconds(5)), Is.True, "the worker ends");
    }
}
