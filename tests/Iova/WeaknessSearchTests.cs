using System.Numerics;
using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>The weaknesses of the kernel's range search, by number, each shown absent.</summary>
[TestFixture]
[NonParallelizable]
public sealed class WeaknessSearchTests
{
    // Words and entries that a search may look at for each doubling of the number of ranges, in the mean and at most.
    private const double MeanSteps = 6;
    private const double MostSteps = 40;

    // A refusal of what is no aligned power of two looks at every hole a quarter as large, 33,000 to 66,000 of them here.
    private const double LinearSteps = 40_000;

    /// <summary>What the live ranges leave free between them.</summary>
    public enum Holes
    {
        /// <summary>One granule between any two.</summary>
        OfOne,

        /// <summary>Holes of three after ranges of one.</summary>
        OfThree,

        /// <summary>Random sizes, every second range freed.</summary>
        OfAnySize,
    }

    /// <summary>W1: a linear gap search; soft lockups in production.</summary>
    [Test]
    public void W01_ASearchAmongAMillionRanges_TakesLogarithmicallyManySteps([Values] Holes holes)
    {
        (double few, _) = StepsAmong(1000, holes);
        (double many, long most) = StepsAmong(1_000_000, holes);
        double log = Math.Log2(1_000_000);
        Assert.That(many, Is.LessThanOrEqualTo(MeanSteps * log));
        Assert.That(most, Is.LessThanOrEqualTo(MostSteps * log));
        Assert.That(many, Is.LessThanOrEqualTo(2 * few), "a thousand times as many ranges have twice the logarithm");
    }

    /// <summary>W1 where it hurts: the space below the limit is full of fragments, nothing fits, and somebody asks again and again.</summary>
    /// <param name="size">What is asked for.</param>
    /// <param name="aligned">Whether aligned.</param>
    /// <param name="hole">So many of every four granules are free.</param>
    /// <param name="most">Steps that a refusal may take, for each doubling of the number of granules.</param>
    [TestCase(2ul, true, 1ul, MostSteps)]
    [TestCase(4ul, true, 3ul, MostSteps)]
    [TestCase(1000ul, true, 3ul, MostSteps)]
    [TestCase(1000ul, false, 3ul, MostSteps)]
    [TestCase(2ul, false, 1ul, LinearSteps)]
    [TestCase(3ul, true, 2ul, LinearSteps)]
    [TestCase(3ul, false, 2ul, LinearSteps)]
    [TestCase(4ul, false, 3ul, LinearSteps)]
    public void W01_ARefusal_AmongFragmentsBelowTheLimit_IsJustAsQuick(ulong size, bool aligned, ulong hole, double most)
    {
        const int Requests = 100;
        using IovaDomain domain = Spaces.Quiet();
        ulong limit = (1UL << 17) - 1;
        domain.Reserve(domain.StartPfn, 3);
        List<IovaRange> ranges = [];
        while (domain.TryAllocate(1, limit, true, out IovaRange range))
        {
            ranges.Add(range);
        }

        foreach (IovaRange range in ranges.Where(range => range.First % 4 < hole))
        {
            domain.Free(range);
        }

        long first = Steps(domain, () => Assert.That(domain.TryAllocate(size, limit, aligned, out _), Is.False));
        long then = Steps(
            domain,
            () =>
            {
                for (int i = 0; i < Requests; i++)
                {
                    Assert.That(domain.TryAllocate(size, limit, aligned, out _), Is.False);
                }
            });

        TestContext.Out.WriteLine($"{first} steps for the first refusal, {(double)then / Requests} for the following ones; {ranges.Count} granules");
        Assert.That(then / Requests, Is.LessThanOrEqualTo(most * Math.Log2(ranges.Count)));
    }

    /// <summary>W2: cache and tree grow for hours, then throughput collapses.</summary>
    [Test]
    public void W02_WithMixedTrafficForALongTime_RangesAndSearchesStayWhereTheyAre()
    {
        using IovaDomain domain = Spaces.Quiet();
        const int Rounds = 480;
        const int Kept = 10;
        Random random = new(2);
        Queue<List<(ulong Pfn, ulong Size)>> live = new();
        var ranges = new long[Rounds];
        var steps = new long[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            steps[round] = Steps(
                domain,
                () =>
                {
                    // The mix drifts, as real traffic does: what one size leaves behind another one must be able to use.
                    List<(ulong, ulong)> mine = [];
                    int favourite = round / 20 % 6; // once round in 120 rounds
                    for (int i = 0; i < 500; i++)
                    {
                        ulong size = 1UL << (random.Next(3) == 0 ? random.Next(6) : favourite);
                        mine.Add((domain.AllocateFast(size, Spaces.Last32), size));
                    }

                    live.Enqueue(mine);
                    if (live.Count > Kept)
                    {
                        live.Dequeue().ForEach(range => domain.FreeFast(range.Pfn, range.Size));
                    }
                });
            domain.Tick();
            ranges[round] = domain.GetStatistics().Ranges();
        }

        long early = ranges[120..240].Max();
        long late = ranges[360..].Max();
        long earlySteps = steps[120..240].Sum();
        long lateSteps = steps[360..].Sum();
        TestContext.Out.WriteLine($"ranges at most {early}, then {late}; steps {earlySteps}, then {lateSteps}");
        Assert.That(late, Is.LessThanOrEqualTo(early * 11 / 10));
        Assert.That(lateSteps, Is.LessThanOrEqualTo((earlySteps * 12 / 10) + 1000));
        Assert.That(late, Is.LessThanOrEqualTo(3 * Kept * 500), "ranges that nobody holds");
    }

    /// <summary>W3: thousands of cached ranges in each size, and then a burst of one size on top of them.</summary>
    [Test]
    public void W03_WhatOtherSizesLeftInTheCaches_IsGoneBeforeABurst()
    {
        using IovaDomain domain = Spaces.Quiet();
        for (int order = 0; order < 6; order++)
        {
            domain.FreeMany(domain.AllocateMany(10_000, 1UL << order, Spaces.Last32), 1UL << order);
        }

        long before = domain.GetStatistics().Ranges();
        for (int interval = 0; interval < 4; interval++)
        {
            domain.Tick();
        }

        // Only the two magazines a size that this thread holds remain.
        long after = domain.GetStatistics().Ranges();
        Assert.That(after, Is.LessThanOrEqualTo(6 * 2 * 127));
        ulong[] burst = domain.AllocateMany(20_000, 1, Spaces.Last32);
        long peak = domain.GetStatistics().Ranges();
        TestContext.Out.WriteLine($"{before} ranges cached, {after} after four intervals, {peak} in the burst");
        Assert.That(peak, Is.LessThanOrEqualTo(20_000 + (6 * 2 * 127)), "the kernel had more than 42,300");
        domain.FreeMany(burst, 1);
    }

    /// <summary>W6: requests above 128 KiB go to the tree every time, and the tree is linear.</summary>
    [Test]
    public void W06_ARequestAboveTheCachedSizes_TakesLogarithmicallyManySteps()
    {
        using IovaDomain domain = Spaces.Quiet();
        int live = Fragment(domain, Holes.OfThree, 100_000, Spaces.Last32, new Random(6));
        const int Pairs = 5000;
        long steps = Steps(
            domain,
            () =>
            {
                for (int i = 0; i < Pairs; i++)
                {
                    ulong size = (ulong)(33 + (i % 300));
                    ulong pfn = domain.AllocateFast(size, Spaces.Last32);
                    Assert.That(pfn % Spaces.RoundUp(size), Is.Zero);
                    domain.FreeFast(pfn, size);
                }
            });
        TestContext.Out.WriteLine($"{(double)steps / Pairs:0.0} steps a pair beside {live} ranges");
        Assert.That((double)steps / Pairs, Is.LessThanOrEqualTo(MeanSteps * Math.Log2(live)));
    }

    /// <summary>W9: a failure under one limit makes later requests under wider ones fail.</summary>
    [Test]
    public void W09_AFailureUnderOneLimit_SaysNothingAboutAnother([Values] bool fast)
    {
        using IovaDomain domain = Spaces.Quiet();
        for (ulong limit = 64; limit <= Spaces.Last32; limit *= 4)
        {
            // Fill what lies below the limit, fail there, and look just above.
            while (domain.TryAllocate(1, limit, true, out _))
            {
            }

            Assert.That(Possible(2, limit), Is.False, $"limit {limit}: the premise");
            Assert.That(Possible(2, (limit * 2) + 1), Is.True, $"limit {limit}");
            Assert.That(Possible(limit / 2, limit * 4), Is.True, $"limit {limit}");
        }

        bool Possible(ulong size, ulong limit)
        {
            if (!fast)
            {
                return domain.TryAllocate(size, limit, true, out IovaRange range) && domain.Free(range);
            }

            bool possible = domain.TryAllocateFast(size, limit, flushRcache: true, out ulong pfn);
            if (possible)
            {
                domain.FreeFast(pfn, size);
                domain.Flush();
            }

            return possible;
        }
    }

    private static (double Mean, long Most) StepsAmong(int live, Holes holes)
    {
        const int Requests = 20_000;
        using IovaDomain domain = Spaces.Quiet();
        Random random = new(1);
        Fragment(domain, holes, live, domain.LastPfn, random);
        long total = 0;
        long most = 0;
        string worst = string.Empty;
        for (int i = 0; i < Requests; i++)
        {
            ulong size = i % 3 == 0 ? 1UL << random.Next(0, 20) : (ulong)random.Next(1, 5000);
            bool aligned = random.Next(2) == 0;
            ulong limit = i % 2 == 0 ? domain.LastPfn : domain.LastPfn - (ulong)random.Next(0, 4 * live);
            IovaRange range = default;
            long steps = Steps(domain, () => Assert.That(domain.TryAllocate(size, limit, aligned, out range), Is.True));
            total += steps;
            if (steps > most)
            {
                most = steps;
                worst = $"{size} granules, limit {limit}, aligned {aligned}";
            }

            if (i % 4 != 0)
            {
                domain.Free(range);
            }
        }

        double mean = (double)total / Requests;
        TestContext.Out.WriteLine($"{live} ranges: {mean:0.0} steps in the mean, {most} at most ({worst})");
        return (mean, most);
    }

    private static long Steps(IovaDomain domain, Action action)
    {
        long before = domain.GetStatistics().SearchSteps;
        action();
        return domain.GetStatistics().SearchSteps - before;
    }

    /// <returns>Live ranges.</returns>
    private static int Fragment(IovaDomain domain, Holes holes, int count, ulong limit, Random random)
    {
        var ranges = new IovaRange[2 * count];
        for (int i = 0; i < ranges.Length; i++)
        {
            ulong size = holes switch
            {
                Holes.OfOne => 1,
                Holes.OfThree => i % 2 == 0 ? 1u : 3,
                _ => 1UL << BitOperations.Log2((uint)random.Next(1, 64)),
            };
            ranges[i] = domain.Allocate(size, limit, sizeAligned: false);
        }

        for (int i = 1; i < ranges.Length; i += 2)
        {
            Assert.That(domain.Free(ranges[i]), Is.True);
        }

        return count;
    }
}
