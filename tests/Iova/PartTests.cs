namespace MagAlloc.Tests.Iova;

/// <summary>What lies below 4 GiB and what lies above have magazines of their own.</summary>
[TestFixture]
public sealed class PartTests
{
    private const ulong Low = 0xFFFFF;
    private const int Capacity = 127;

    [Test]
    public void LowRequests_DoNotLookThroughWhatIsTooHighForThem([Values(1ul, 32ul)] ulong size)
    {
        using IovaDomain domain = Domains.Quiet();
        ulong[] high = Take(domain, 4 * Capacity, size, domain.LastPfn);
        ulong[] low = Take(domain, 50, size, Low);
        Free(domain, low, size);
        Free(domain, high, size);
        IovaStatistics before = domain.GetStatistics();
        Assert.That(Take(domain, 50, size, Low), Has.All.LessThanOrEqualTo(Low));
        IovaStatistics after = domain.GetStatistics();
        Assert.That(after.SourceRefills, Is.EqualTo(before.SourceRefills));
        Assert.That(after.DepotExchanges, Is.EqualTo(before.DepotExchanges));
        Assert.That(after.LimitHits + after.LimitDepotHits + after.LimitMisses, Is.Zero);
    }

    [Test]
    public void WithTheUpperPartFull_HighRequestsTakeLowRanges_AlsoOutOfMagazines()
    {
        using IovaDomain domain = Domains.Quiet(bits: 21);
        domain.Reserve(Low + 1, domain.LastPfn);
        ulong[] low = Take(domain, 300, 1, domain.LastPfn);
        Assert.That(low, Has.All.LessThanOrEqualTo(Low));
        Free(domain, low, 1);
        domain.Reserve(domain.StartPfn, Low);

        // All that is free lies in magazines now: what was freed in the lower class's, the rest of the last refill in the upper one's.
        long cached = domain.GetStatistics().CachedRanges;
        Assert.That(cached, Is.GreaterThan(300), "the premise");
        ulong[] again = new ulong[cached];
        for (int i = 0; i < again.Length; i++)
        {
            Assert.That(domain.TryAllocateFast(1, domain.LastPfn, false, out again[i]), $"{i} of {cached}, without a flush");
        }

        Assert.That(again, Is.Unique.And.SupersetOf(low));
        Assert.That(domain.TryAllocateFast(1, domain.LastPfn, true, out _), Is.False);
    }

    [Test]
    public void LowRequests_FindLowRangesInTheMagazinesOfTheUpperClass([Values(CheckLevel.None, CheckLevel.Basic)] CheckLevel checks)
    {
        // Without checks the fast path sees them, with checks the slow one must.
        using IovaDomain domain = Domains.Quiet(bits: 21, checks: checks);
        domain.Reserve(Low + 1, domain.LastPfn);
        Take(domain, 130, 1, domain.LastPfn);
        domain.Reserve(domain.StartPfn, Low);
        long cached = domain.GetStatistics().CachedRanges;
        Assert.That(cached, Is.GreaterThan(50), "the premise: a refill of the upper class brought them");
        for (int i = 0; i < cached; i++)
        {
            Assert.That(domain.TryAllocateFast(1, Low, false, out _), $"{i} of {cached}, without a flush");
        }
    }

    [Test]
    public void AtTheBoundary_EachRangeIsFoundAgainByItsOwnLimit([Values(1ul, 2ul, 32ul)] ulong size)
    {
        using IovaDomain domain = Domains.Quiet();
        ulong below = domain.AllocateFast(size, Low);
        ulong above = domain.AllocateFast(size, Low + size);
        Assert.That((below, above), Is.EqualTo((Low + 1 - size, Low + 1)));
        domain.FreeFast(above, size);
        domain.FreeFast(below, size);
        Assert.That(domain.AllocateFast(size, Low), Is.EqualTo(below));
        Assert.That(domain.AllocateFast(size, Low + size), Is.EqualTo(above));
    }

    [Test]
    public void GranulesSoLargeThatARangeIsMoreThanTheLowerPart_AreServedWithinEveryLimit([Values(1ul << 28, 1ul << 30)] ulong granule)
    {
        using IovaDomain domain = new(granule, 0, Domains.Options());
        Assert.That(domain.Dma32LastPfn, Is.LessThan(31), "the premise");
        foreach (ulong limit in new[] { domain.Dma32LastPfn, 40UL, domain.LastPfn })
        {
            for (ulong size = 1; size <= 32; size *= 2)
            {
                if (domain.TryAllocateFast(size, limit, true, out ulong pfn))
                {
                    Assert.That(pfn + size - 1, Is.LessThanOrEqualTo(limit));
                    domain.FreeFast(pfn, size);
                }
                else
                {
                    Assert.That(size - 1, Is.GreaterThan(limit), "nothing else is in use");
                }
            }
        }

        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void ABatch_IsASmallPartOfASmallSpace([Values(1ul, 4ul, 32ul)] ulong size)
    {
        // One thread's magazines are what another one cannot have without a flush.
        using IovaDomain domain = Domains.Quiet(bits: 12);
        List<ulong> mine = [];
        long most = 0;
        while (domain.TryAllocateFast(size, domain.LastPfn, false, out ulong pfn))
        {
            mine.Add(pfn);
            most = Math.Max(most, domain.GetStatistics().CachedUnits);
        }

        Assert.That(most, Is.LessThan(4096 / 64));
        Assert.That(mine, Has.Count.EqualTo((4096 / (int)size) - 1), "all but what lies around pfn 0");
    }

    private static ulong[] Take(IovaDomain domain, int count, ulong size, ulong limit)
        => [.. Enumerable.Range(0, count).Select(_ => domain.AllocateFast(size, limit))];

    private static void Free(IovaDomain domain, ulong[] pfns, ulong size)
    {
        foreach (ulong pfn in pfns)
        {
            domain.FreeFast(pfn, size);
        }
    }
}
