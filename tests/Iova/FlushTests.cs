using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>What other threads hold counts as free: a flush brings it home without their help.</summary>
[TestFixture]
[NonParallelizable]
public sealed class FlushTests
{
    [Test]
    public void WhatASleepingThreadHasCached_IsFound()
    {
        using IovaDomain domain = Domains.Quiet(bits: 8, startPfn: 0);
        using ManualResetEventSlim cached = new(false);
        using ManualResetEventSlim leave = new(false);
        ulong later = 0;
        Crew.Handle crew = Crew.Start(1, _ =>
        {
            // All 256 pfns, a few of each order; all of it in this thread's magazines then.
            List<(ulong Pfn, ulong Size)> mine = [];
            foreach (ulong size in new ulong[] { 32, 16, 8, 4, 2, 1 })
            {
                for (int i = 0; i < 4; i++)
                {
                    mine.Add((domain.AllocateFast(size, 255), size));
                }
            }

            while (domain.TryAllocateFast(1, 255, true, out ulong pfn))
            {
                mine.Add((pfn, 1));
            }

            mine.ForEach(range => domain.FreeFast(range.Pfn, range.Size));
            cached.Set();
            leave.Wait();

            // Its magazines were emptied meanwhile; it does not notice.
            later = domain.AllocateFast(1, 255);
            domain.FreeFast(later, 1);
        });
        Assert.That(cached.Wait(TimeSpan.FromSeconds(10)));
        Domains.Balance(domain, 0);
        Assert.That(domain.GetStatistics().CachedUnits, Is.EqualTo(256), "the premise: nothing is free");

        Assert.That(domain.TryAllocateFast(32, 255, flushRcache: false, out _), Is.False);
        Assert.That(domain.TryAllocate(256, 255, true, out _), Is.False);
        ulong found = domain.AllocateFast(32, 255);
        domain.FreeFast(found, 32);
        domain.Flush();
        Assert.That(domain.GetStatistics().CachedUnits, Is.Zero);
        Assert.That(domain.Allocate(255, 254, false), Is.EqualTo(new IovaRange(0, 254)));
        leave.Set();
        Crew.Finish(crew);
        Assert.That(later, Is.EqualTo(255));
        Assert.That(domain.GetStatistics().FlushedThreads, Is.GreaterThanOrEqualTo(1));
        Domains.Balance(domain, 255);
    }

    [Test]
    public void FlushCaches_SaysHowManyRangesCameHome()
    {
        using IovaDomain domain = Domains.Quiet();
        Assert.That(domain.Flush(), Is.Zero);
        ulong[] live = [.. Enumerable.Range(0, 1000).Select(_ => domain.AllocateFast(8, domain.LastPfn))];
        foreach (ulong pfn in live)
        {
            domain.FreeFast(pfn, 8);
        }

        long cached = domain.GetStatistics().CachedRanges;
        Assert.That(cached, Is.GreaterThan(500));
        Assert.That(domain.Flush(), Is.EqualTo(cached));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void Trim_GivesMagazinesBack()
    {
        using IovaDomain domain = Domains.Quiet();
        ulong[] live = [.. Enumerable.Range(0, 5000).Select(_ => domain.AllocateFast(1, domain.LastPfn))];
        foreach (ulong pfn in live)
        {
            domain.FreeFast(pfn, 1);
        }

        long committed = domain.GetStatistics().CommittedBytes;
        Assert.That(domain.Trim(), Is.GreaterThan(0));
        Assert.That(domain.GetStatistics().CommittedBytes, Is.LessThan(committed));
        Assert.That(domain.AllocateFast(1, domain.LastPfn), Is.EqualTo(domain.LastPfn));
    }

    /// <summary>
    /// The protocol of a visit, on real processors: owners on their fast path, and threads that empty their caches all the
    /// time. Each pfn has one holder, and none is lost.
    /// </summary>
    [Test]
    [Category("Soak")]
    public void Soak_OwnersAndVisitors()
    {
        using IovaDomain domain = Domains.Quiet(bits: 14, startPfn: 0);
        int[] holders = new int[1 << 14];
        long end = Environment.TickCount64 + 1500;
        long flushes = 0;
        Crew.Run(4, me =>
        {
            if (me == 3)
            {
                for (; Environment.TickCount64 < end; flushes++)
                {
                    domain.Flush();
                }

                return;
            }

            var random = new Random(me);
            var mine = new Queue<(ulong Pfn, ulong Size)>();
            while (Environment.TickCount64 < end)
            {
                // Runs of the fast path, so that a visit falls into one.
                for (int i = 0; i < 2000; i++)
                {
                    ulong size = 1UL << random.Next(3);
                    if (mine.Count < 100 && domain.TryAllocateFast(size, ulong.MaxValue, false, out ulong pfn))
                    {
                        Own(holders, pfn, size, 0, me + 1);
                        mine.Enqueue((pfn, size));
                    }

                    if (mine.Count > 1 && random.Next(2) == 0)
                    {
                        (pfn, size) = mine.Dequeue();
                        Own(holders, pfn, size, me + 1, 0);
                        domain.FreeFast(pfn, size);
                    }
                }
            }

            foreach ((ulong pfn, ulong size) in mine)
            {
                Own(holders, pfn, size, me + 1, 0);
                domain.FreeFast(pfn, size);
            }
        });
        TestContext.Out.WriteLine($"{flushes} flushes, {domain.GetStatistics().FlushedThreads} caches emptied");
        Assert.That(domain.GetStatistics().FlushedThreads, Is.GreaterThan(0), "the premise");
        Domains.BalanceEmpty(domain);
    }

    /// <summary>
    /// Threads that hand what they allocated to another one to free: nearly all that is free lies in the other's magazines,
    /// and at most 480 of 512 pfns are in use at any moment. So no request may fail, but for what threads without a processor hold.
    /// </summary>
    [Test]
    [Category("Soak")]
    public void Soak_WhatTheOtherThreadHasCached_IsFree()
    {
        const int Threads = 4;
        const int Each = 60;
        using IovaDomain domain = Domains.Quiet();
        List<ulong>?[] mail = new List<ulong>?[Threads];
        long end = Environment.TickCount64 + 1500;
        long requests = 0;
        long failures = 0;
        Crew.Run(Threads, me =>
        {
            while (Environment.TickCount64 < end)
            {
                List<ulong> mine = new(Each);
                for (int i = 0; i < Each; i++)
                {
                    if (domain.TryAllocateFast(1, 512, true, out ulong pfn))
                    {
                        mine.Add(pfn);
                    }
                    else
                    {
                        Interlocked.Increment(ref failures);
                    }
                }

                Interlocked.Add(ref requests, Each);
                Interlocked.Exchange(ref mail[(me + 1) % Threads], mine)?.ForEach(pfn => domain.FreeFast(pfn, 1));
                Interlocked.Exchange(ref mail[me], null)?.ForEach(pfn => domain.FreeFast(pfn, 1));
            }
        });
        foreach (List<ulong>? rest in mail)
        {
            rest?.ForEach(pfn => domain.FreeFast(pfn, 1));
        }

        IovaStatistics s = domain.GetStatistics();
        TestContext.Out.WriteLine($"{requests} requests, {s.FlushRetries} flushes, {s.FlushedThreads} caches emptied, {failures} failures");
        Assert.That(s.FlushRetries, Is.GreaterThan(0), "the premise");

        // A thread that loses its processor in the middle of an operation or a flush, for longer than a flush waits, keeps what it
        // holds: four threads on two processors do, now and then. Without visits nearly every flush would be in vain.
        Assert.That(failures * 20, Is.LessThanOrEqualTo(s.FlushRetries));
        Domains.BalanceEmpty(domain);
    }

    private static void Own(int[] holders, ulong pfn, ulong size, int from, int to)
    {
        for (ulong i = 0; i < size; i++)
        {
            if (Interlocked.CompareExchange(ref holders[pfn + i], to, from) != from)
            {
                throw new InvalidOperationException($"pfn {pfn + i} has another holder");
            }
        }
    }
}
