using MagAlloc.Bench.Iova.Kernel;

namespace MagAlloc.Tests.Bench.Iova;

/// <summary>The model's magazines and depot do what the kernel's do, weaknesses included.</summary>
public sealed class KernelCacheTests
{
    private const ulong Limit = (1UL << 36) - 1;

    [Test]
    public void TwoFullMagazinesFillBeforeTheDepotDoes_AndEachFurther127AddOne()
    {
        using KernelIovaDomain domain = NewDomain();
        ulong[] pfns = [.. Enumerable.Range(0, 600).Select(_ => domain.AllocateFast(1, Limit, flushRcache: false))];

        List<int> depths = [];
        foreach (ulong pfn in pfns)
        {
            domain.FreeFast(pfn, 1);
            depths.Add(domain.DepotMagazines);
        }

        Assert.That(depths[253], Is.Zero);
        Assert.That(depths[254], Is.EqualTo(1), "the 255th goes past two full magazines");
        Assert.That(depths[254 + 127], Is.EqualTo(2));
        Assert.That(domain.Count, Is.EqualTo(600), "a cached range never leaves the tree");
    }

    [Test]
    public void ARangeComesBackFromTheMagazine_LastInFirstOut_UnlessTheLimitForbidsIt()
    {
        using KernelIovaDomain domain = NewDomain();
        ulong low = domain.AllocateFast(4, 0xFFFF, flushRcache: false);
        ulong high = domain.AllocateFast(3, Limit, flushRcache: false);
        domain.FreeFast(low, 4);
        domain.FreeFast(high, 3);

        Assert.That(domain.AllocateFast(4, 0xFFFF, flushRcache: false), Is.EqualTo(low), "scanned for, below the top");
        Assert.That(domain.AllocateFast(4, Limit, flushRcache: false), Is.EqualTo(high), "3 are of the same order as 4");
        Assert.That(domain.Count, Is.EqualTo(2));
    }

    [Test]
    public void TheWorkerLeavesAsManyMagazinesAsThereAreProcessors()
    {
        using KernelIovaDomain domain = NewDomain(processors: 2);
        ulong[] pfns = [.. Enumerable.Range(0, 2000).Select(_ => domain.AllocateFast(2, Limit, flushRcache: false))];
        foreach (ulong pfn in pfns)
            domain.FreeFast(pfn, 2);
        int before = domain.DepotMagazines;

        int ticks = 0;
        while (domain.Tick())
            ticks++;

        Assert.That(before, Is.GreaterThan(5));
        Assert.That(domain.DepotMagazines, Is.EqualTo(2));
        Assert.That(ticks, Is.EqualTo(before - 2), "one a step");
        Assert.That(domain.Count, Is.EqualTo(2000 - (127 * ticks)));
    }

    [Test]
    public void AnExhaustedWindow_IsServedAfterAFlush_AndOnlyThen()
    {
        using KernelIovaDomain domain = NewDomain();
        ulong[] singles = [.. Enumerable.Range(0, 63).Select(_ => domain.AllocateFast(1, 63, flushRcache: true))];
        Assert.That(singles, Is.Unique.And.None.Zero);
        foreach (ulong pfn in singles)
            domain.FreeFast(pfn, 1);

        Assert.That(domain.AllocateFast(32, 63, flushRcache: false), Is.Zero, "the free pfns are cached");
        Assert.That(domain.AllocateFast(32, 63, flushRcache: true), Is.EqualTo(32));
        Assert.That(domain.Count, Is.EqualTo(1));
    }

    [Test]
    public void RandomUse_GivesDisjointRangesWithinTheirLimits([Values(1, 2, 3)] int seed)
    {
        Random random = new(seed);
        using KernelIovaDomain domain = NewDomain();
        bool[] taken = new bool[1 << 12];
        List<(ulong First, ulong Size)> live = [];
        for (int i = 0; i < 100_000; i++)
        {
            if (live.Count > 100 || (live.Count > 0 && random.Next(2) == 0))
            {
                int index = random.Next(live.Count);
                (ulong first, ulong size) = live[index];
                live[index] = live[^1];
                live.RemoveAt(live.Count - 1);
                for (ulong pfn = first; pfn < first + size; pfn++)
                    taken[pfn] = false;
                domain.FreeFast(first, size);
            }
            else
            {
                ulong size = (ulong)random.Next(1, 40);
                ulong limit = (ulong)random.Next(100, taken.Length);
                ulong first = domain.AllocateFast(size, limit, flushRcache: true);
                if (first == 0)
                    continue;
                Assert.That(first + size - 1, Is.LessThanOrEqualTo(limit));
                for (ulong pfn = first; pfn < first + size; pfn++)
                {
                    Assert.That(taken[pfn], Is.False, $"seed {seed}, step {i}: pfn {pfn} is handed out twice");
                    taken[pfn] = true;
                }

                live.Add((first, size));
            }
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public void SeveralThreads_GetNoRangeTwice(bool spins)
    {
        const int Threads = 4;
        using KernelIovaDomain domain = new(granule: 4096, startPfn: 1, processors: 2, worker: false, spins);
        int[] owners = new int[1 << 14];
        int shared = 0;
        Thread[] threads = [.. Enumerable.Range(1, Threads).Select(number => new Thread(() =>
        {
            Random random = new(number);
            (ulong Pfn, ulong Size)[] held = new (ulong, ulong)[64];
            for (int i = 0; i < 20_000; i++)
            {
                ref (ulong Pfn, ulong Size) slot = ref held[i % held.Length];
                if (slot.Pfn != 0)
                {
                    if (Interlocked.Exchange(ref owners[slot.Pfn], 0) != number)
                        Interlocked.Increment(ref shared);
                    domain.FreeFast(slot.Pfn, slot.Size);
                }

                slot.Size = 1UL << random.Next(7);
                slot.Pfn = domain.AllocateFast(slot.Size, (ulong)owners.Length - 1, flushRcache: true);
                if (slot.Pfn != 0 && Interlocked.Exchange(ref owners[slot.Pfn], number) != 0)
                    Interlocked.Increment(ref shared);
                if (i % 1000 == 0)
                    domain.Tick();
            }

            foreach ((ulong pfn, ulong size) in held.Where(range => range.Pfn != 0))
            {
                Interlocked.Exchange(ref owners[pfn], 0);
                domain.FreeFast(pfn, size);
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();

        domain.Flush();
        Assert.That((shared, domain.Count), Is.EqualTo((0, 0)));
    }

    private static KernelIovaDomain NewDomain(int processors = 1) => new(granule: 4096, startPfn: 1, processors, worker: false);
}
