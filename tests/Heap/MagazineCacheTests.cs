using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Magazines over a user's own resource: ids 0..N-1, where 0 is as legal as any other.</summary>
[TestFixture]
public sealed class MagazineCacheTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(127)]
    [TestCase(128)]
    [TestCase(1000)]
    [TestCase(10_000)]
    public void EveryId_CanBeHad_ThenNone_ThenEveryOneAgain(int count)
    {
        IdStore store = new(count);
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        for (int round = 0; round < 3; round++)
        {
            HashSet<ulong> ids = [];
            while (cache.TryAllocate(out ulong id))
            {
                Assert.That(ids.Add(id), Is.True, $"id {id} was handed out twice");
            }

            Assert.That(ids, Has.Count.EqualTo(count));
            Assert.That(ids.Max(), Is.EqualTo((ulong)count - 1));
            Assert.That(cache.TryAllocate(out _), Is.False);
            foreach (ulong id in ids)
            {
                cache.Free(id);
            }
        }

        cache.Flush();
        Assert.That(store.Available, Is.EqualTo(count));
        Assert.That(store.WrongReturns, Is.Zero);
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(64)]
    public void ASourceThatGivesPartially_LosesNothing(int mostPerCall)
    {
        IdStore store = new(500) { MostPerCall = mostPerCall };
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        List<ulong> ids = [];
        while (cache.TryAllocate(out ulong id))
        {
            ids.Add(id);
        }

        Assert.That(ids.Order(), Is.EqualTo(Enumerable.Range(0, 500).Select(i => (ulong)i)));
        ids.ForEach(cache.Free);
        cache.Flush();
        Assert.That(store.Available, Is.EqualTo(500));
    }

    [Test]
    public void ASourceThatThrows_ReachesTheCaller_AndLosesNothing()
    {
        IdStore store = new(2000) { ThrowEvery = 3 };
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        List<ulong> ids = [];
        int refusals = 0;
        while (ids.Count < 2000)
        {
            try
            {
                if (!cache.TryAllocate(out ulong id))
                {
                    break;
                }

                ids.Add(id);
            }
            catch (FormatException)
            {
                refusals++;
                Assert.That(refusals, Is.LessThan(5000));
            }
        }

        Assert.That(refusals, Is.GreaterThan(0));
        Assert.That(ids.Distinct().Count(), Is.EqualTo(2000));
        ids.ForEach(cache.Free);
        cache.Flush();
        Assert.That(store.Available, Is.EqualTo(2000));
    }

    [Test]
    public void Flush_ReturnsWhatIsCached_NotWhatIsOut()
    {
        IdStore store = new(1000);
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        List<ulong> ids = [];
        for (int i = 0; i < 600; i++)
        {
            Assert.That(cache.TryAllocate(out ulong id), Is.True);
            ids.Add(id);
        }

        ids.Take(500).ToList().ForEach(cache.Free);
        int before = store.Available;
        Assert.That(cache.Flush(), Is.EqualTo(store.Available - before));
        Assert.That(store.Available, Is.EqualTo(900));
        ids.Skip(500).ToList().ForEach(cache.Free);
        Assert.That(cache.Flush(), Is.EqualTo(100));
        Assert.That(cache.Flush(), Is.Zero);
        Assert.That(store.Available, Is.EqualTo(1000));
        Assert.That(store.WrongReturns, Is.Zero);
    }

    [Test]
    public void Threads_NeverHoldTheSameIdAtOnce([Values(40, 5000)] int count)
    {
        IdStore store = new(count);
        int[] holders = new int[count];
        using (MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet(worker: true)))
        {
            Crew.Run(4, owner =>
            {
                Random random = new(owner);
                List<ulong> held = [];
                for (int i = 0; i < 30_000; i++)
                {
                    if (random.Next(2) == 0 && cache.TryAllocate(out ulong id))
                    {
                        if (Interlocked.CompareExchange(ref holders[id], owner + 1, 0) != 0)
                        {
                            Assert.Fail($"id {id} is held by {holders[id] - 1} and was given to {owner}");
                        }

                        held.Add(id);
                    }
                    else if (held.Count > 0)
                    {
                        int at = random.Next(held.Count);
                        Volatile.Write(ref holders[held[at]], 0);
                        cache.Free(held[at]);
                        held[at] = held[^1];
                        held.RemoveAt(held.Count - 1);
                    }
                }

                foreach (ulong id in held)
                {
                    Volatile.Write(ref holders[id], 0);
                    cache.Free(id);
                }
            });
        }

        Assert.That(store.Available, Is.EqualTo(count), "Dispose returns every cached id");
        Assert.That(store.WrongReturns, Is.Zero);
    }

    [Test]
    public void IdsCachedByDeadThreads_ComeBack()
    {
        IdStore store = new(3000);
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        for (int batch = 0; batch < 10; batch++)
        {
            Crew.Run(4, _ =>
            {
                List<ulong> ids = [];
                while (ids.Count < 300 && cache.TryAllocate(out ulong id))
                {
                    ids.Add(id);
                }

                ids.ForEach(cache.Free);
            });
        }

        bool back = Crew.Eventually(
            () =>
            {
                cache.Tick();
                cache.Flush();
                return store.Available == 3000;
            },
            TimeSpan.FromSeconds(5));
        Assert.That(back, Is.True, $"{store.Available} of 3000 came back");
        Assert.That(store.WrongReturns, Is.Zero);
    }

    [Test]
    public void IdsOfDeadThreads_CanBeHadByTheLiving()
    {
        IdStore store = new(1000);
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        Crew.RunOne(() =>
        {
            List<ulong> ids = [];
            while (cache.TryAllocate(out ulong id))
            {
                ids.Add(id);
            }

            ids.ForEach(cache.Free);
        });

        HashSet<ulong> got = [];
        bool all = Crew.Eventually(
            () =>
            {
                while (cache.TryAllocate(out ulong id))
                {
                    got.Add(id);
                }

                return got.Count == 1000;
            },
            TimeSpan.FromSeconds(5));
        Assert.That(all, Is.True, $"{got.Count} of 1000");
    }

    [Test]
    public void Dispose_ReturnsIdsCachedByLivingThreadsToo()
    {
        IdStore store = new(2000);
        MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        using CountdownEvent done = new(3);
        using ManualResetEventSlim leave = new(false);
        Crew.Handle crew = Crew.Start(3, _ =>
        {
            List<ulong> ids = [];
            for (int i = 0; i < 400 && cache.TryAllocate(out ulong id); i++)
            {
                ids.Add(id);
            }

            ids.ForEach(cache.Free);
            done.Signal();
            leave.Wait();
        });
        bool ready = done.Wait(TimeSpan.FromSeconds(10));
        Assert.That(cache.TryAllocate(out ulong kept), Is.True);
        cache.Dispose();
        cache.Dispose();
        leave.Set();
        Crew.Finish(crew);

        Assert.That(ready, Is.True);
        Assert.That(store.Available, Is.EqualTo(1999), "all but the one that is out");
        Assert.That(store.WrongReturns, Is.Zero);
        Assert.That(() => cache.TryAllocate(out _), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => cache.Free(kept), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(cache.Flush, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(cache.Tick, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => cache.GetStatistics(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Disposed_UnderConcurrentUse_EveryIdNotHeldComesBack()
    {
        for (int repeat = 0; repeat < 30; repeat++)
        {
            IdStore store = new(1000);
            MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet(worker: true));
            int held = 0;
            int ended = 0;
            Crew.Handle crew = Crew.Start(3, _ =>
            {
                int mine = 0;
                try
                {
                    while (true)
                    {
                        if (cache.TryAllocate(out ulong id))
                        {
                            mine = 1;
                            cache.Free(id);
                            mine = 0;
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Add(ref held, mine);
                    Interlocked.Increment(ref ended);
                }
            });
            Thread.Sleep(1);
            cache.Dispose();
            Crew.Finish(crew);
            Assert.That(ended, Is.EqualTo(3));
            Assert.That(store.Available, Is.EqualTo(1000 - held), $"repeat {repeat}, {held} ids were held");
            Assert.That(store.WrongReturns, Is.Zero);
        }
    }

    [Test]
    public void TryAllocateAndFree_AllocateNothingManaged()
    {
        IdStore store = new(1000);
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        long least = long.MaxValue;
        for (int round = 0; round < 4; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100_000; i++)
            {
                cache.TryAllocate(out ulong id);
                cache.Free(id);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.That(least, Is.Zero);
    }

    [Test]
    public void UlongMaxValue_IsNoResource()
    {
        IdStore store = new(10);
        using MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store), Quiet());
        Assert.That(() => cache.Free(ulong.MaxValue), Throws.InstanceOf<ArgumentException>());
    }

    private static MagazineCacheOptions Quiet(bool worker = false) => new() { Reclaim = new() { Worker = worker } };
}
