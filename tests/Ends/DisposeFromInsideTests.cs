using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Ends;

/// <summary>A user's code that an owner calls must not dispose that owner, whoever runs it; other owners it may.</summary>
[TestFixture]
public sealed unsafe class DisposeFromInsideTests
{
    private static IEnumerable<TestCaseData> Runners()
    {
        yield return Runner("Tick", (cache, _) => cache.Tick());
        yield return Runner("Flush", (cache, _) => cache.Flush());
        yield return Runner("the worker", (_, _) => { });
        yield return Runner("Dispose", (cache, _) => cache.Dispose());
        yield return Runner("a free", (cache, ids) =>
        {
            foreach (ulong id in ids)
            {
                cache.Free(id);
            }
        });

        static TestCaseData Runner(string name, Action<MagazineCache<Source>, ulong[]> run) => new TestCaseData(run).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Runners))]
    public void Release_ThatDisposesItsCache_RunBy(Delegate run)
    {
        bool byWorker = TestContext.CurrentContext.Test.Name.Contains("worker", StringComparison.Ordinal);
        bool byFree = TestContext.CurrentContext.Test.Name.Contains("a free", StringComparison.Ordinal);
        Deed deed = new();
        MagazineCache<Source> cache = new(new Source(deed), new MagazineCacheOptions
        {
            Reclaim = new() { Worker = byWorker, Policy = ReclaimPolicy.Flat, Threshold = 0, Interval = TimeSpan.FromMilliseconds(1) },
            MagazineCapacity = 8,
            DepotCapacity = byFree ? 4 : 64,
        });
        Crew.RunOne(() =>
        {
            ulong[] ids = new ulong[200];
            ulong[] held = new ulong[200];
            Take(cache, ids);
            Take(cache, held);
            deed.OnRelease = cache.Dispose;
            foreach (ulong id in ids)
            {
                cache.Free(id);
            }

            ((Action<MagazineCache<Source>, ulong[]>)run)(cache, held);
            Assert.That(Crew.Eventually(() => deed.Caught is not null, TimeSpan.FromSeconds(10)), Is.True, "nobody called Release");
        });
        Assert.That(deed.Caught, Is.TypeOf<InvalidOperationException>());
        Crew.RunOne(cache.Dispose);
        Assert.That(() => cache.TryAllocate(out _), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Acquire_ThatDisposesItsCache_IsRefused()
    {
        Deed deed = new();
        using MagazineCache<Source> cache = new(new Source(deed));
        deed.OnAcquire = cache.Dispose;
        Crew.RunOne(() => Assert.That(cache.TryAllocate(out _), Is.True));
        Assert.That(deed.Caught, Is.TypeOf<InvalidOperationException>());
    }

    [Test]
    public void AConstructor_ThatDisposesItsPool_IsRefused([Values] bool withoutACache)
    {
        FaultPlan? faults = withoutACache ? FaultPlan.Random(1).At(FaultPoint.ThreadCache) : null;
        UnmanagedPool<long>? pool = null;
        Exception? caught = null;
        pool = new UnmanagedPool<long>(
            new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual, ReservedBytes = Heaps.GiB, Faults = faults },
            (ref long item) =>
            {
                caught ??= Catch(pool!.Dispose);
                item = 1;
            });
        Crew.RunOne(() =>
        {
            long* item = pool.Rent();
            Assert.That(*item, Is.EqualTo(1));
            pool.Return(item);
        });
        Assert.That(caught, Is.TypeOf<InvalidOperationException>());
        Crew.RunOne(pool.Dispose);
        Assert.That(() => { pool.Rent(); }, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void APassOfOneCache_MayDisposeOtherOwners([Values] bool onTheWorker)
    {
        Deed deed = new();
        NativeHeap heap = Heaps.WithWorker(intervalMs: 1);
        UnmanagedPool<long> pool = new(new UnmanagedPoolOptions { ReservedBytes = Heaps.GiB });
        MagazineCache<Source> other = new(new Source(new Deed()), new MagazineCacheOptions { Reclaim = new() });
        IovaDomain domain = new(options: new IovaDomainOptions { AddressBits = 40 });
        using MagazineCache<Source> cache = new(new Source(deed), new MagazineCacheOptions
        {
            Reclaim = new() { Worker = onTheWorker, Policy = ReclaimPolicy.Flat, Threshold = 0, Interval = TimeSpan.FromMilliseconds(1) },
            MagazineCapacity = 8,
            DepotCapacity = 64,
        });
        bool done = false;
        Crew.RunOne(() =>
        {
            ulong[] ids = new ulong[200];
            Take(cache, ids);
            deed.OnRelease = () =>
            {
                heap.Dispose();
                pool.Dispose();
                other.Dispose();
                domain.Dispose();
                Volatile.Write(ref done, true);
            };
            foreach (ulong id in ids)
            {
                cache.Free(id);
            }

            if (!onTheWorker)
            {
                cache.Tick();
            }

            Assert.That(Crew.Eventually(() => Volatile.Read(ref done), TimeSpan.FromSeconds(10)), Is.True, $"{deed.Caught}");
        });
        Assert.That(deed.Caught, Is.Null);
        Assert.That(() => { heap.Allocate(1); }, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void ASourceThatThrowsWhileItsCacheIsDisposed_DoesNotLeaveHalfOfIt()
    {
        int threads = ProcessState.Threads;
        Deed deed = new();
        MagazineCache<Source> cache = new(new Source(deed), new MagazineCacheOptions { MagazineCapacity = 8, DepotCapacity = 64 });
        ulong[] ids = new ulong[100];
        Take(cache, ids);
        foreach (ulong id in ids)
        {
            cache.Free(id);
        }

        long reserved = ProcessState.VirtualBytes;
        int calls = 0;
        deed.OnRelease = () => calls++;
        deed.ThrowsOnRelease = true;
        Assert.That(cache.Dispose, Throws.TypeOf<FormatException>());
        Assert.That(calls, Is.GreaterThan(1), "the rest was brought back too");
        Assert.That(reserved - ProcessState.VirtualBytes, Is.GreaterThan(32 * Heaps.MiB), "the magazines are unmapped");
        Assert.That(cache.Dispose, Throws.Nothing);
        Assert.That(ProcessState.Threads, Is.LessThanOrEqualTo(threads + 3));
    }

    private static void Take(MagazineCache<Source> cache, ulong[] ids)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            Assert.That(cache.TryAllocate(out ids[i]), Is.True);
        }
    }

    private static Exception? Catch(Action deed)
    {
        try
        {
            deed();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private sealed class Deed
    {
        public Action? OnAcquire { get; set; }

        public Action? OnRelease { get; set; }

        public bool ThrowsOnRelease { get; set; }

        public Exception? Caught { get; private set; }

        public long Next;

        public void Do(Action? what)
        {
            if (what is not null)
            {
                Caught = Catch(what) ?? Caught;
            }
        }
    }

    private readonly struct Source(Deed deed) : IResourceSource
    {
        public int Acquire(Span<ulong> resources)
        {
            deed.Do(deed.OnAcquire);
            for (int i = 0; i < resources.Length; i++)
            {
                resources[i] = (ulong)Interlocked.Increment(ref deed.Next);
            }

            return resources.Length;
        }

        public void Release(ReadOnlySpan<ulong> resources)
        {
            deed.Do(deed.OnRelease);
            if (deed.ThrowsOnRelease)
            {
                throw new FormatException("the source refuses");
            }
        }
    }
}
