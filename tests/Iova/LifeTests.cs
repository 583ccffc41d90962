using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>Threads that end, and domains that are disposed.</summary>
[TestFixture]
[NonParallelizable]
public sealed class LifeTests
{
    [Test]
    public void WhatADeadThreadHadCached_ComesHomeByTheNextPass()
    {
        using IovaDomain domain = Domains.Quiet();
        Crew.RunOne(() => Churn(domain, 50));
        Assert.That(domain.GetStatistics().CachedRanges, Is.GreaterThan(0));
        Crew.Eventually(
            () =>
            {
                domain.Tick();
                return domain.GetStatistics().CachedRanges == 0;
            },
            TimeSpan.FromSeconds(5));
        Assert.That(domain.GetStatistics().CachedRanges, Is.Zero);
        Assert.That(domain.GetStatistics().Threads, Is.LessThanOrEqualTo(1));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void ADeadThreadsCache_IsInheritedByTheNextThread()
    {
        using IovaDomain domain = Domains.Quiet();
        ulong mine = 0;
        Crew.RunOne(() =>
        {
            mine = domain.AllocateFast(1, domain.LastPfn);
            domain.FreeFast(mine, 1);
        });
        ulong next = 0;
        Crew.RunOne(() => next = domain.AllocateFast(1, domain.LastPfn, flushRcache: false));
        Assert.That(next, Is.EqualTo(mine));
    }

    [Test]
    public void ManyThreadsComeAndGo_AndNothingIsLost()
    {
        using IovaDomain domain = Domains.Quiet();
        for (int round = 0; round < 20; round++)
        {
            Crew.Run(4, _ => Churn(domain, 300));
            if (round % 5 == 0)
            {
                domain.Flush();
            }
        }

        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void AThreadThatWasFlushed_AndDies_LeavesNothing()
    {
        using IovaDomain domain = Domains.Quiet();
        for (int round = 0; round < 50; round++)
        {
            using CountdownEvent ready = new(2);
            using ManualResetEventSlim leave = new(false);
            Crew.Handle crew = Crew.Start(2, me =>
            {
                Churn(domain, 20);
                ready.Signal();
                leave.Wait();
                if (me == 0)
                {
                    Churn(domain, 5);
                }
            });
            Assert.That(ready.Wait(TimeSpan.FromSeconds(10)));
            domain.Flush();
            Assert.That(domain.GetStatistics().CachedRanges, Is.Zero, $"round {round}");
            leave.Set();
            Crew.Finish(crew);
            domain.Tick();
        }

        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void Dispose_WithCachedReservedAndLiveRanges_Twice()
    {
        IovaDomain domain = Domains.Quiet();
        Churn(domain, 300);
        domain.Reserve(5, 10);
        domain.AllocateFast(1, domain.LastPfn);
        domain.Allocate(1000, domain.LastPfn, false);
        domain.Dispose();
        domain.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => domain.AllocateFast(1, 100), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.TryAllocateFast(100, 100, true, out _), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.FreeFast(5, 1), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.FreeFast(5, 100), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.TryAllocate(1, 100, false, out _), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Free(5UL), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Free(new IovaRange(5, 10)), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.TryFind(5, out _), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.TryFindNext(5, out _), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.EnumerateInUse(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Reserve(5, 6), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Flush(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Tick(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Trim(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.GetStatistics(), Throws.TypeOf<ObjectDisposedException>());
        });
        Assert.That(domain.ToPfn(0x5000), Is.EqualTo(5), "arithmetic needs nothing");
    }

    [Test]
    public void DisposedWhileOthersWork_TheyGetTheException()
    {
        for (int round = 0; round < 30; round++)
        {
            var domain = new IovaDomain(options: Domains.Options(checks: round % 2 == 0 ? CheckLevel.None : CheckLevel.Basic));
            using CountdownEvent working = new(3);
            Crew.Handle crew = Crew.Start(3, _ =>
            {
                bool signalled = false;
                try
                {
                    while (true)
                    {
                        Churn(domain, 200);
                        IovaRange range = domain.Allocate(70, domain.LastPfn, true);
                        domain.Free(range);
                        if (!signalled)
                        {
                            signalled = true;
                            working.Signal();
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            });
            Assert.That(working.Wait(TimeSpan.FromSeconds(20)));
            domain.Dispose();
            Crew.Finish(crew);
        }
    }

    [Test]
    public void DomainsComeAndGo_WithoutLeavingAddressSpace()
    {
        Domains.Quiet().Dispose();
        long before = ProcessState.VirtualBytes;
        for (int i = 0; i < 200; i++)
        {
            using IovaDomain domain = Domains.Quiet(checks: (CheckLevel)(i % 2));
            Churn(domain, 10);
            domain.AllocateFast(1, domain.LastPfn);
        }

        Assert.That(ProcessState.VirtualBytes - before, Is.LessThan(4 * Heaps.GiB), "each domain's books take some 18 GiB of addresses");
    }

    [Test]
    public void DomainsSideBySide_OnOneThread()
    {
        IovaDomain[] domains = [.. Enumerable.Range(0, 8).Select(_ => Domains.Quiet())];
        for (int i = 0; i < 1000; i++)
        {
            foreach (IovaDomain domain in domains)
            {
                ulong pfn = domain.AllocateFast(1, domain.LastPfn);
                domain.FreeFast(pfn, 1);
            }
        }

        foreach (IovaDomain domain in domains)
        {
            Domains.BalanceEmpty(domain);
            domain.Dispose();
        }
    }

    private static void Churn(IovaDomain domain, int count)
    {
        Span<ulong> live = stackalloc ulong[count];
        for (int i = 0; i < count; i++)
        {
            live[i] = domain.AllocateFast(1 + ((ulong)i % 40), domain.LastPfn);
        }

        for (int i = 0; i < count; i++)
        {
            domain.FreeFast(live[i], 1 + ((ulong)i % 40));
        }
    }
}
