using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>Requests whose limit what lies on top of the magazine does not meet.</summary>
[TestFixture]
public sealed class LimitTests
{
    // In each part of the space (below and above 4 GiB, with magazines of their own): a limit, and one above it.
    private static readonly object[] s_limits = [new object[] { 0x7FFFFul, 0xFFFFFul }, new object[] { 0x7FF_FFFFul, ulong.MaxValue }];

    private const int Capacity = 127;

    [TestCaseSource(nameof(s_limits))]
    public void ALimit_IsMetByARangeDeeperInTheMagazine(ulong limit, ulong higher)
    {
        using IovaDomain domain = Domains.Quiet();
        ulong low = domain.AllocateFast(1, limit);
        ulong[] high = [.. Enumerable.Range(0, 20).Select(_ => domain.AllocateFast(1, higher))];
        domain.FreeFast(low, 1);
        foreach (ulong pfn in high)
        {
            domain.FreeFast(pfn, 1);
        }

        long refills = domain.GetStatistics().SourceRefills;
        Assert.That(domain.AllocateFast(1, limit), Is.EqualTo(low));
        IovaStatistics s = domain.GetStatistics();
        Assert.That(s.LimitHits, Is.EqualTo(1));
        Assert.That(s.SourceRefills, Is.EqualTo(refills), "the tree was not asked");

        // The others are all still there, in one magazine or the other.
        long cached = domain.GetStatistics().CachedRanges;
        HashSet<ulong> rest = [.. high];
        for (int i = 0; i < cached; i++)
        {
            rest.Remove(domain.AllocateFast(1, higher));
        }

        Assert.That(rest, Is.Empty);
    }

    [TestCaseSource(nameof(s_limits))]
    public void ALimit_IsMetByAMagazineInTheDepot(ulong limit, ulong higher)
    {
        using IovaDomain domain = Domains.Quiet();
        ulong[] low = [.. Enumerable.Range(0, Capacity).Select(_ => domain.AllocateFast(1, limit))];
        ulong[] high = [.. Enumerable.Range(0, 6 * Capacity).Select(_ => domain.AllocateFast(1, higher))];
        FreeAll(domain, high[..(2 * Capacity)]);
        FreeAll(domain, low);
        FreeAll(domain, high[(2 * Capacity)..]);
        IovaStatistics before = domain.GetStatistics();
        Assert.That(before.DepotMagazines, Is.InRange(3, 8), "the premise: no further down than is looked");
        HashSet<ulong> known = [.. low];
        for (int i = 0; i < 100; i++)
        {
            ulong pfn = domain.AllocateFast(1, limit);
            Assert.That(known.Remove(pfn), $"{i}: {pfn:x}");
        }

        IovaStatistics after = domain.GetStatistics();
        Assert.That(after.LimitDepotHits, Is.GreaterThanOrEqualTo(1));
        Assert.That(after.SourceRefills, Is.EqualTo(before.SourceRefills), "the tree was not asked");
        Assert.That(after.CachedRanges, Is.EqualTo(before.CachedRanges - 100));
        Domains.Balance(domain, 100);
    }

    [TestCaseSource(nameof(s_limits))]
    public void MagazinesThatDoNotFit_GoBackUnharmed(ulong limit, ulong higher)
    {
        using IovaDomain domain = Domains.Quiet();
        ulong[] high = [.. Enumerable.Range(0, 12 * Capacity).Select(_ => domain.AllocateFast(1, higher))];
        FreeAll(domain, high);
        IovaStatistics before = domain.GetStatistics();
        Assert.That(domain.AllocateFast(1, limit), Is.LessThanOrEqualTo(limit));
        IovaStatistics after = domain.GetStatistics();
        Assert.That(after.DepotMagazines, Is.EqualTo(before.DepotMagazines));
        Assert.That(after.LimitMisses, Is.EqualTo(before.LimitMisses + 1));
        HashSet<ulong> known = [.. high];
        int found = Enumerable.Range(0, high.Length).Count(_ => known.Remove(domain.AllocateFast(1, higher)));
        Assert.That(found, Is.GreaterThanOrEqualTo(high.Length - Capacity));
    }

    [Test]
    public void ExhaustionBelowALimit_IsExact_AndLeavesTheRestAlone()
    {
        using IovaDomain domain = Domains.Quiet();
        const ulong Limit = 1000;
        HashSet<ulong> got = [];
        while (domain.TryAllocateFast(1, Limit, true, out ulong pfn))
        {
            Assert.That(pfn, Is.InRange(1UL, Limit));
            Assert.That(got.Add(pfn));
        }

        Assert.That(got, Has.Count.EqualTo(1000));
        Assert.That(domain.AllocateFast(1, domain.LastPfn), Is.GreaterThan(Limit));
        Assert.That(domain.TryAllocateFast(4, Limit, true, out _), Is.False);
        domain.FreeFast(500, 1);
        Assert.That(domain.AllocateFast(1, Limit), Is.EqualTo(500), "at once, after the first free");

        // What is cached in one order serves another after a flush.
        for (ulong pfn = 512; pfn < 544; pfn++)
        {
            domain.FreeFast(pfn, 1);
        }

        Assert.That(domain.TryAllocateFast(32, Limit, false, out _), Is.False, "no flush was asked for");
        Assert.That(domain.AllocateFast(32, Limit), Is.EqualTo(512));
        Assert.That(domain.GetStatistics().FlushRetries, Is.GreaterThanOrEqualTo(1));
    }

    [Test]
    public void LimitsAtTheEdges()
    {
        using IovaDomain domain = Domains.Quiet(startPfn: 10);
        Assert.That(domain.TryAllocateFast(1, 9, true, out _), Is.False);
        Assert.That(domain.TryAllocateFast(1, 0, true, out _), Is.False);
        Assert.That(domain.TryAllocateFast(32, 5, true, out _), Is.False);
        Assert.That(domain.TryAllocateFast(ulong.MaxValue, ulong.MaxValue, true, out _), Is.False);
        Assert.That(domain.TryAllocate(ulong.MaxValue, ulong.MaxValue, true, out _), Is.False);
        Assert.That(domain.TryAllocate(3, 11, false, out _), Is.False);
        Assert.That(domain.AllocateFast(1, 10), Is.EqualTo(10));
        Assert.That(domain.TryAllocateFast(1, 10, true, out _), Is.False);
        Assert.That(domain.Allocate(5, 15, false), Is.EqualTo(new IovaRange(11, 15)));
        Assert.That(domain.AllocateFast(16, 31), Is.EqualTo(16));
        Assert.That(domain.GetStatistics().FlushRetries, Is.LessThanOrEqualTo(2), "what cannot fit disturbs nobody");
        Assert.That(() => domain.AllocateFast(0, 10), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => domain.FreeFast(10, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => domain.Allocate(0, 10, true), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void MixedLimitsOnSeveralThreads_NeverFailWhileThereIsRoom()
    {
        // Two threads that never hold more than 3/4 of the low space between them, in one size: so a request must succeed,
        // wherever the other's magazines have the rest.
        using IovaDomain domain = Domains.Quiet();
        const ulong Limit = 4096;
        const int Each = 1500;
        Crew.Run(2, me =>
        {
            var random = new Random(me + 1);
            List<ulong> low = [];
            List<ulong> high = [];
            for (int i = 0; i < 60_000; i++)
            {
                if (low.Count < Each && random.Next(2) == 0)
                {
                    Assert.That(domain.TryAllocateFast(1, Limit, true, out ulong pfn), $"seed {me + 1}, step {i}, {low.Count} held");
                    Assert.That(pfn, Is.LessThanOrEqualTo(Limit));
                    low.Add(pfn);
                }
                else if (low.Count > 0)
                {
                    int at = random.Next(low.Count);
                    domain.FreeFast(low[at], 1);
                    low[at] = low[^1];
                    low.RemoveAt(low.Count - 1);
                }

                if (high.Count < 500 && random.Next(2) == 0)
                {
                    high.Add(domain.AllocateFast(1, domain.LastPfn));
                }
                else if (high.Count > 0)
                {
                    domain.FreeFast(high[^1], 1);
                    high.RemoveAt(high.Count - 1);
                }
            }

            low.ForEach(pfn => domain.FreeFast(pfn, 1));
            high.ForEach(pfn => domain.FreeFast(pfn, 1));
        });
        Domains.BalanceEmpty(domain);
    }

    private static void FreeAll(IovaDomain domain, ulong[] pfns)
    {
        foreach (ulong pfn in pfns)
        {
            domain.FreeFast(pfn, 1);
        }
    }
}
