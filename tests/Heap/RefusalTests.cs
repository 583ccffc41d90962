using System.Collections.Concurrent;
using System.Diagnostics;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>A request is refused only for what is so: not for what a pass holds for a moment, and not before others were disturbed in vain.</summary>
[TestFixture]
[NonParallelizable]
public sealed unsafe class RefusalTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(3);

    [Test]
    public void ARunThatFits_IsNotRefused_BesideAThreadThatTrims([Values] bool underLimit, [Values(CheckLevel.None, CheckLevel.Basic)] CheckLevel checks)
    {
        using NativeHeap heap = new(new NativeHeapOptions
        {
            ReservedBytes = underLimit ? 64 * Heaps.MiB : 4 * Heaps.MiB,
            ByteLimit = underLimit ? 4 * Heaps.MiB : long.MaxValue,
            Reclaim = ReclaimOptions.Manual,
            Checks = checks,
        });
        (long requests, long refused) = Beside(
            () => heap.Trim(),
            () =>
            {
                if (!heap.TryAllocate(3 << 20, out void* block))
                {
                    return false;
                }

                heap.Free(block);
                return true;
            });
        TestContext.Out.WriteLine($"{requests} requests, {refused} refused");
        Assert.That(refused, Is.Zero, $"of {requests}");
    }

    [Test]
    public void BlocksThatFit_AreNotRefused_BesideAThreadThatTrimsAndTicks()
    {
        using NativeHeap heap = new(new NativeHeapOptions { ReservedBytes = 4 * Heaps.MiB, Reclaim = ReclaimOptions.Manual });
        nint[] blocks = new nint[100];
        int passes = 0;
        (long requests, long refused) = Beside(
            () =>
            {
                heap.Tick();
                if (passes++ % 8 == 0)
                {
                    heap.Trim();
                }
            },
            () =>
            {
                bool all = heap.AllocateMany(32_000, blocks) == blocks.Length;
                heap.FreeMany(blocks);
                Array.Clear(blocks);
                return all;
            });
        TestContext.Out.WriteLine($"{requests} requests, {refused} refused");
        Assert.That(refused, Is.Zero, $"of {requests}");
    }

    [Test]
    public void ItemsThatFit_AreNotRefused_BesideAThreadThatTrims()
    {
        using UnmanagedPool<Page> pool = new(new UnmanagedPoolOptions { ReservedBytes = 4 * Heaps.MiB, Reclaim = ReclaimOptions.Manual });
        Page*[] items = new Page*[800];
        (long requests, long refused) = Beside(
            () => pool.Trim(),
            () =>
            {
                int got = 0;
                while (got < items.Length && pool.TryRent(out items[got]))
                {
                    got++;
                }

                for (int i = 0; i < got; i++)
                {
                    pool.Return(items[i]);
                }

                return got == items.Length;
            });
        TestContext.Out.WriteLine($"{requests} requests, {refused} refused");
        Assert.That(refused, Is.Zero, $"of {requests}");
    }

    [Test]
    public void ResourcesThatAreThere_AreNotRefused_BesideAThreadThatTicks()
    {
        using MagazineCache<CountedSource> cache = new(
            new CountedSource(new Stock(64)), new MagazineCacheOptions { MagazineCapacity = 8, Reclaim = ReclaimOptions.Manual with { Policy = ReclaimPolicy.Flat, Threshold = 0 } });
        ulong[] taken = new ulong[64];
        (long requests, long refused) = Beside(
            () => cache.Tick(),
            () =>
            {
                int got = 0;
                while (got < taken.Length && cache.TryAllocate(out taken[got]))
                {
                    got++;
                }

                for (int i = 0; i < got; i++)
                {
                    cache.Free(taken[i]);
                }

                return got == taken.Length;
            });
        TestContext.Out.WriteLine($"{requests} requests, {refused} refused");
        Assert.That(refused, Is.Zero, $"of {requests}");
    }

    [Test]
    public void RangesThatAreFree_AreNotRefused_BesideAThreadThatTicks()
    {
        using IovaDomain domain = new(
            options: new IovaDomainOptions { AddressBits = 20, Reclaim = ReclaimOptions.Manual with { Policy = ReclaimPolicy.Flat, Threshold = 0 } });
        ulong[] taken = new ulong[(int)(domain.LastPfn - domain.StartPfn + 1)];
        (long requests, long refused) = Beside(
            () => domain.Tick(),
            () =>
            {
                int got = 0;
                while (got < taken.Length && domain.TryAllocateFast(1, ulong.MaxValue, flushRcache: true, out taken[got]))
                {
                    got++;
                }

                for (int i = 0; i < got; i++)
                {
                    domain.FreeFast(taken[i], 1);
                }

                return got == taken.Length;
            });
        TestContext.Out.WriteLine($"{requests} requests, {refused} refused");
        Assert.That(refused, Is.Zero, $"of {requests}");
    }

    [Test]
    public void AFullHeap_RefusesSoon_BesideAThreadThatTrims()
    {
        using NativeHeap heap = new(new NativeHeapOptions { ReservedBytes = 4 * Heaps.MiB, Reclaim = ReclaimOptions.Manual });
        Assert.That(heap.TryAllocate(3 << 20, out void* block), Is.True);
        (long requests, long refused) = Beside(() => heap.Trim(), () => heap.TryAllocate(2 << 20, out _));
        Assert.That(requests, Is.GreaterThan(20));
        Assert.That(refused, Is.EqualTo(requests));
        heap.Free(block);
    }

    [Test]
    public void AnAlignmentThatNoBlockCanHave_IsRefusedFirst([Values] CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        using NativeHeap small = new(new NativeHeapOptions { ReservedBytes = 5 * Heaps.MiB, Reclaim = ReclaimOptions.Manual, Checks = checks });
        foreach ((NativeHeap of, nuint alignment) in new[] { (heap, (nuint)2 << 30), (heap, (nuint)1 << 40), (small, (nuint)8 << 20) })
        {
            of.Free(of.Allocate(64));
            HeapStatistics before = of.GetStatistics();
            Assert.That(() => { of.AllocateAligned(64, alignment); }, Throws.TypeOf<OutOfMemoryException>());
            HeapStatistics s = of.GetStatistics();
            Assert.That(s.OutOfMemoryFlushes, Is.EqualTo(before.OutOfMemoryFlushes));
            Assert.That(s.CachedBlocks, Is.EqualTo(before.CachedBlocks), "what the thread holds stays with it");
        }

        if (checks != CheckLevel.Full)
        {
            // Full checks would fill a gigabyte in front of it.
            void* largest = heap.AllocateAligned(64, 1 << 30);
            Assert.That((long)largest % (1 << 30), Is.Zero);
            heap.Free(largest);
        }
    }

    [Test]
    public void ALargeBlockThatADeadThreadKept_IsHandedOutAgain([Values] ReclaimPolicy policy, [Values(40_000, 300_000, 1 << 20)] int size)
    {
        using NativeHeap heap = Heaps.Quiet(policy: policy, threshold: 4);
        nint block = LeaveOneBehind(heap, size);
        BringHome(heap);
        Assert.That((nint)heap.Allocate((nuint)size), Is.EqualTo(block));
    }

    [Test]
    public void LargeBlocksThatDeadThreadsKept_GoBackUnderEachPolicy([Values] ReclaimPolicy policy)
    {
        using NativeHeap heap = Heaps.Quiet(policy: policy, threshold: 4);
        foreach (int size in (int[])[40_000, 100_000, 300_000, 1 << 20])
        {
            LeaveOneBehind(heap, size);
            BringHome(heap);
        }

        for (int pass = 0; pass < 40; pass++)
        {
            heap.Tick();
        }

        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.CachedBlocks, Is.Zero, $"{s}");
        Assert.That(s.CommittedBytes, Is.LessThan(Heaps.MiB), $"{s}");
        Books.BalanceEmpty(heap);
    }

    private static nint LeaveOneBehind(NativeHeap heap, int size)
    {
        nint block = 0;
        Crew.RunOne(() =>
        {
            block = (nint)heap.Allocate((nuint)size);
            heap.Free((void*)block);
        });
        return block;
    }

    /// <summary>A tick does, or the finalizer of the thread's record.</summary>
    private static void BringHome(NativeHeap heap)
        => Assert.That(
            Crew.Eventually(
                () =>
                {
                    heap.Tick();
                    return heap.GetStatistics().ThreadCachedBytes == 0;
                },
                TimeSpan.FromSeconds(5)),
            Is.True);

    /// <summary>One thread does the one thing all the time, this one the other for some seconds.</summary>
    private static (long Requests, long Refused) Beside(Action pass, Func<bool> request)
    {
        bool stop = false;
        Crew.Handle passer = Crew.Start(1, _ =>
        {
            while (!Volatile.Read(ref stop))
            {
                pass();
            }
        });
        long requests = 0;
        long refused = 0;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < s_time)
        {
            requests++;
            refused += request() ? 0 : 1;
        }

        Volatile.Write(ref stop, true);
        Crew.Finish(passer);
        return (requests, refused);
    }

    private struct Page
    {
        public fixed byte Bytes[4096];
    }

    private sealed class Stock(int count)
    {
        private readonly ConcurrentBag<ulong> _resources = [.. Enumerable.Range(0, count).Select(number => (ulong)number)];

        public bool TryTake(out ulong resource) => _resources.TryTake(out resource);

        public void Add(ulong resource) => _resources.Add(resource);
    }

    private readonly struct CountedSource(Stock stock) : IResourceSource
    {
        public int Acquire(Span<ulong> resources)
        {
            int got = 0;
            while (got < resources.Length && stock.TryTake(out resources[got]))
            {
                got++;
            }

            return got;
        }

        public void Release(ReadOnlySpan<ulong> resources)
        {
            foreach (ulong resource in resources)
            {
                stock.Add(resource);
            }
        }
    }
}
