using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>The weaknesses of the kernel's range cache, by number, each shown absent.</summary>
[TestFixture]
[NonParallelizable]
public sealed class WeaknessCacheTests
{
    private const int Magazine = 127;

    /// <summary>W4: one fixed threshold and rate of reclaim; both policies do what they say.</summary>
    [Test]
    public void W04_FlatReclaim_GoesDownToTheThreshold_AndStops()
    {
        const int Threshold = 3;
        using IovaDomain domain = Spaces.Quiet(policy: ReclaimPolicy.Flat, threshold: Threshold);
        FillDepot(domain, 1, Threshold + 4);
        long depth = domain.GetStatistics().DepotMagazines;
        Assert.That(depth, Is.GreaterThan(Threshold + 1), "the premise");
        for (long expected = depth; ;)
        {
            expected = Math.Max(Threshold, expected - 1);
            bool more = domain.Tick();
            Assert.That(domain.GetStatistics().DepotMagazines, Is.EqualTo(expected));
            Assert.That(more, Is.EqualTo(expected > Threshold), "armed again only while above the threshold");
            if (!more)
            {
                break;
            }
        }
    }

    /// <inheritdoc cref="W04_FlatReclaim_GoesDownToTheThreshold_AndStops"/>
    [Test]
    public void W04_WorkingSetReclaim_KeepsWhatIsUsed_AndNoMore()
    {
        using IovaDomain domain = Spaces.Quiet(policy: ReclaimPolicy.WorkingSet);
        FillDepot(domain, 1, 12);
        long depth = domain.GetStatistics().DepotMagazines;
        domain.Tick();
        Assert.That(domain.GetStatistics().DepotMagazines, Is.EqualTo(depth), "the first interval only observes");

        for (int interval = 0; interval < 3; interval++)
        {
            domain.FreeMany(domain.AllocateMany(5 * Magazine, 1, Spaces.Last32), 1);
            domain.Tick();
        }

        long used = domain.GetStatistics().DepotMagazines;
        Assert.That(used, Is.InRange(2, 7), "about the five magazines that every interval needed");
        domain.Tick();
        domain.Tick();
        domain.Tick();
        Assert.That(domain.GetStatistics().DepotMagazines, Is.Zero, "nothing was needed any more");
    }

    /// <summary>W5: with mixed limits the top entry of a magazine may be unsuitable, which forces new ranges.</summary>
    [Test]
    public void W05_WithMixedLimits_ACachedRangeIsFoundUnderUnsuitableOnes()
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong[] low = domain.AllocateMany(60, 1, Spaces.Last32);
        domain.Flush();
        ulong[] high = domain.AllocateMany(60, 1, domain.LastPfn);
        Assert.That(high.Min(), Is.GreaterThan(Spaces.Last32), "the premise: ranges above 4 GiB");
        for (int i = 0; i < low.Length; i++)
        {
            domain.FreeFast(low[i], 1);
            domain.FreeFast(high[i], 1); // always above a low one
        }

        long ranges = domain.GetStatistics().Ranges();
        long steps = domain.GetStatistics().SearchSteps;
        HashSet<ulong> again = [.. domain.AllocateMany(low.Length, 1, Spaces.Last32)];

        Assert.That(again.SetEquals(low), Is.True);
        Assert.That(domain.GetStatistics().Ranges(), Is.EqualTo(ranges), "no new range was made");
        Assert.That(domain.GetStatistics().SearchSteps, Is.EqualTo(steps), "and none was looked for");
    }

    /// <summary>W7: a miss in the loaded magazine goes to the tree although the previous one or the depot would do.</summary>
    [TestCase(Magazine, false, TestName = "W07_AFittingRange_IsFoundInThePreviousMagazine")]
    [TestCase(6 * Magazine, true, TestName = "W07_AFittingRange_IsFoundInTheDepot")]
    public void W07(int above, bool inDepot)
    {
        // Above 4 GiB, where what is below the limit and what is not share their magazines.
        const ulong Limit = 4 * Spaces.Last32;
        using IovaDomain domain = Spaces.Quiet();
        ulong[] low = domain.AllocateMany(100, 1, Limit);
        domain.Flush();
        domain.Reserve(domain.StartPfn, 2 * Limit);
        ulong[] high = domain.AllocateMany(above, 1, domain.LastPfn);
        Assert.That(high.Min(), Is.GreaterThan(Limit), "the premise");
        domain.Flush();

        // The first magazine that fills becomes the loaded one; the one with the low ranges comes behind it.
        domain.FreeMany(high[..Magazine], 1);
        domain.FreeMany(low, 1);
        domain.FreeMany(high[Magazine..], 1);

        long ranges = domain.GetStatistics().Ranges();
        HashSet<ulong> again = [.. domain.AllocateMany(low.Length, 1, Limit)];
        Assert.That(again.SetEquals(low), Is.True, "exactly those that were cached: nothing else is left below the limit");
        Assert.That(domain.GetStatistics().Ranges(), Is.EqualTo(ranges));

        Assert.That(domain.GetStatistics().LimitDepotHits, inDepot ? Is.GreaterThan(0) : Is.Zero, "the premise: where it was found");

        // What was passed over went back unharmed.
        HashSet<ulong> others = [.. domain.AllocateMany(high.Length, 1, domain.LastPfn)];
        Assert.That(others.SetEquals(high), Is.True, "the magazines that were looked through are whole");
        Assert.That(domain.GetStatistics().Ranges(), Is.EqualTo(ranges));
    }

    /// <summary>W8: a lock for each operation, and a magazine freed and allocated with each exchange.</summary>
    [Test]
    public void W08_ExchangesWithTheDepot_AllocateNothing()
    {
        FaultPlan counter = FaultPlan.Random(0);
        using IovaDomain domain = Spaces.Quiet(faults: counter);
        var pfns = new ulong[10 * Magazine];
        Burst();
        Burst();
        long steps = counter.Steps;
        long ranges = domain.GetStatistics().Ranges();
        long managed = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
        {
            Burst();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - managed, Is.Zero, "managed bytes");
        Assert.That(counter.Steps, Is.EqualTo(steps), "fallible steps: memory, magazines, ranges");
        Assert.That(domain.GetStatistics().Ranges(), Is.EqualTo(ranges));
        Assert.That(domain.GetStatistics().DepotExchanges, Is.GreaterThan(200 * 8), "the premise: the bursts go through the depot");

        void Burst()
        {
            for (int i = 0; i < pfns.Length; i++)
            {
                pfns[i] = domain.AllocateFast(1, Spaces.Last32);
            }

            foreach (ulong pfn in pfns)
            {
                domain.FreeFast(pfn, 1);
            }
        }
    }

    /// <summary>W8: locks make threads wait for each other. Here nobody ever waits, whatever the others do.</summary>
    [Test]
    public void W08_NoThreadEverWaitsForALock()
    {
        using IovaDomain domain = Spaces.Quiet();
        Crew.RunOne(() => domain.FreeMany(domain.AllocateMany(1000, 1, Spaces.Last32), 1)); // warm: statics, JIT

        // The count is the process's: a lock of the runtime's own may be met once, one of the domain's would be in every round.
        long contentions = long.MaxValue;
        for (int look = 0; look < 3 && contentions != 0; look++)
        {
            long before = Monitor.LockContentionCount;
            Crew.Run(4, index =>
            {
                var pfns = new ulong[500];
                for (int round = 0; round < 50; round++)
                {
                    for (int i = 0; i < pfns.Length; i++)
                    {
                        pfns[i] = domain.AllocateFast(1, Spaces.Last32);
                    }

                    domain.FreeMany(pfns, 1);
                    if (index == 0)
                    {
                        domain.Flush();
                    }
                }
            });
            contentions = Math.Min(contentions, Monitor.LockContentionCount - before);
        }

        Assert.That(contentions, Is.Zero);
        domain.AssertNothingIsLost();
    }

    /// <summary>W11: the same range freed twice into the cache is handed to two callers.</summary>
    [Test]
    public void W11_ADoubleFreeThroughTheCache_IsRefusedAtOnce([Values(1, 4, 32)] int size)
    {
        using IovaDomain domain = Spaces.Quiet(checks: CheckLevel.Basic);
        ulong units = (ulong)size;
        ulong pfn = domain.AllocateFast(units, Spaces.Last32);
        domain.FreeFast(pfn, units);
        Assert.That(() => domain.FreeFast(pfn, units), Throws.TypeOf<IovaMisuseException>());
        Crew.RunOne(() => Assert.That(() => domain.FreeFast(pfn, units), Throws.TypeOf<IovaMisuseException>()));
        domain.Flush();
        Assert.That(() => domain.FreeFast(pfn, units), Throws.TypeOf<IovaMisuseException>(), "free in the tree, too");

        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(3));
        ulong[] distinct = domain.AllocateMany(500, units, Spaces.Last32);
        Assert.That(distinct.Distinct().Count(), Is.EqualTo(distinct.Length));
        domain.FreeMany(distinct, units);
        domain.AssertNothingIsLost();
    }

    /// <summary>W11 without checks: found at the latest when the range comes home, counted, and the books stay right.</summary>
    [Test]
    public void W11_WithoutChecks_ADoubleFreeIsCountedWhenItComesHome()
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong pfn = domain.AllocateFast(4, Spaces.Last32);
        domain.FreeFast(pfn, 4);
        domain.FreeFast(pfn, 4);
        domain.Flush();

        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(1));
        domain.AssertNothingIsLost();
    }

    /// <summary>W12: a free with another size puts the range into the wrong order's cache.</summary>
    [Test]
    public void W12_AFreeWithAnotherSize_IsRefusedAtOnce()
    {
        using IovaDomain domain = Spaces.Quiet(checks: CheckLevel.Basic);
        ulong[] sizes = [1, 2, 4, 8, 16, 32, 64];
        foreach (ulong size in sizes)
        {
            ulong pfn = domain.AllocateFast(size, Spaces.Last32);
            foreach (ulong wrong in sizes.Where(wrong => wrong != size))
            {
                Assert.That(() => domain.FreeFast(pfn, wrong), Throws.TypeOf<IovaMisuseException>(), $"{size} freed as {wrong}");
            }

            if (size > 1)
            {
                Assert.That(() => domain.FreeFast(pfn + 1, 1), Throws.TypeOf<IovaMisuseException>(), $"inside {size}");
            }

            Assert.That(domain.TryFind(pfn, out IovaRange range) && range.Count == size, Is.True, "nothing has changed");
            domain.FreeFast(pfn, size);
        }

        domain.AssertNothingIsLost();
    }

    /// <summary>W12 without checks: the range tree knows the size, so a wrong one does not make two ranges of one.</summary>
    [Test]
    public void W12_WithoutChecks_AWrongSizeIsCountedWhenItComesHome_AndFreesNothing()
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong pfn = domain.AllocateFast(8, Spaces.Last32);
        domain.FreeFast(pfn, 2);
        domain.Flush();

        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(1));
        Assert.That(domain.TryFind(pfn, out IovaRange range) && range.Count == 8, Is.True, "the range is as it was");
        domain.FreeFast(pfn, 8);
        domain.AssertNothingIsLost();
    }

    /// <summary>W16: a threshold that ignores how hot the depot is.</summary>
    [Test]
    public void W16_AHotDepotKeepsItsMagazines_AndAColdOneLosesThem()
    {
        using IovaDomain domain = Spaces.Quiet(policy: ReclaimPolicy.WorkingSet);
        FillDepot(domain, 1, 10);
        FillDepot(domain, 8, 10);
        Assert.That(domain.GetStatistics().DepotMagazines, Is.GreaterThan(12), "the premise");
        long searches = 0;
        for (int interval = 0; interval < 20; interval++)
        {
            if (interval == 5)
            {
                searches = domain.GetStatistics().SearchSteps;
            }

            domain.FreeMany(domain.AllocateMany(10 * Magazine, 8, Spaces.Last32), 8);
            domain.Tick();
        }

        IovaStatistics s = domain.GetStatistics();
        Assert.That(s.SearchSteps, Is.EqualTo(searches), "every burst was served from the depot");
        Assert.That(s.DepotMagazines, Is.InRange(6, 10), "ten hot magazines but those of the thread; no cold one");
    }

    private static void FillDepot(IovaDomain domain, ulong size, int magazines)
        => domain.FreeMany(domain.AllocateMany((magazines + 2) * Magazine, size, Spaces.Last32), size);
}
