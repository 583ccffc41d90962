using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>What threads that sleep hold goes back, and is there again when they wake.</summary>
[TestFixture]
public sealed unsafe class IdleThreadTests
{
    private const int Passes = 16;

    [Test]
    public void WhatASleeperHolds_GoesBackInAFewPasses([Values] CheckLevel checks)
    {
        using NativeHeap heap = new(new NativeHeapOptions { Checks = checks, Reclaim = ReclaimOptions.Manual });
        using Sleeper sleeper = new(() => Churn(heap));
        sleeper.RunOnce();
        HeapStatistics before = heap.GetStatistics();
        Assert.That(before.ThreadCachedBytes, Is.GreaterThan(100_000), "the premise");
        heap.Tick();
        Assert.That(heap.GetStatistics().ThreadCachedBytes, Is.EqualTo(before.ThreadCachedBytes), "one look does not show that it is idle");
        for (int pass = 0; pass < Passes; pass++)
        {
            heap.Tick();
        }

        HeapStatistics after = heap.GetStatistics();
        Assert.That(after.ThreadCachedBytes, Is.Zero);

        // Full checks hold freed blocks back for a while, whoever freed them.
        Assert.That(after.CommittedBytes, Is.LessThan(checks == CheckLevel.Full ? before.CommittedBytes : before.CommittedBytes / 4));
        sleeper.RunOnce();
        Assert.That(heap.GetStatistics().ThreadCachedBytes, Is.GreaterThan(100_000), "it caches as before");
        Assert.That(heap.GetStatistics().AllocatedBlocks, Is.Zero);
    }

    [Test]
    public void ATrim_EmptiesSleepersAtOnce()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        using Sleeper sleeper = new(() => Churn(heap));
        sleeper.RunOnce();
        heap.Trim();
        Assert.That(heap.GetStatistics().ThreadCachedBytes, Is.Zero);
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThan(1 << 20));
    }

    [Test]
    public void SleepersNeverMakeALimitRefuse()
    {
        using NativeHeap heap = new(new NativeHeapOptions { ByteLimit = 24 << 20, Reclaim = ReclaimOptions.Manual });
        List<Sleeper> sleepers = [];
        try
        {
            for (int i = 0; i < 20; i++)
            {
                Sleeper sleeper = new(() => Churn(heap));
                sleepers.Add(sleeper);
                sleeper.RunOnce();
            }

            void* block = heap.Allocate(20 << 20);
            heap.Free(block);
            sleepers.ForEach(sleeper => sleeper.RunOnce());
        }
        finally
        {
            sleepers.ForEach(sleeper => sleeper.Dispose());
        }
    }

    [Test]
    public void AThreadThatRuns_IsLeftAlone()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        int isReady = 0;
        int isOver = 0;
        Thread runner = new(() =>
        {
            Churn(heap);
            Volatile.Write(ref isReady, 1);
            while (Volatile.Read(ref isOver) == 0)
            {
            }
        });
        runner.Start();
        SpinWait.SpinUntil(() => Volatile.Read(ref isReady) != 0);
        long before = heap.GetStatistics().ThreadCachedBytes;
        heap.Trim();
        long after = heap.GetStatistics().ThreadCachedBytes;
        Volatile.Write(ref isOver, 1);
        runner.Join();
        Assert.That(after, Is.EqualTo(before));
    }

    [Test]
    public void WhoHasAHandleOpen_IsLeftAlone()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        using Sleeper sleeper = new(() => Churn(heap), around: inside =>
        {
            using HeapThread handle = heap.OpenThread();
            inside();
        });
        sleeper.RunOnce();
        long before = heap.GetStatistics().ThreadCachedBytes;
        heap.Trim();
        Assert.That(heap.GetStatistics().ThreadCachedBytes, Is.EqualTo(before));
    }

    [Test]
    public void ThePoliciesOfTheKernel_LeaveSleepersAlone()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = new ReclaimOptions { Worker = false, Policy = ReclaimPolicy.Flat } });
        using Sleeper sleeper = new(() => Churn(heap));
        sleeper.RunOnce();
        long before = heap.GetStatistics().ThreadCachedBytes;
        for (int pass = 0; pass < Passes; pass++)
        {
            heap.Tick();
        }

        Assert.That(heap.GetStatistics().ThreadCachedBytes, Is.EqualTo(before));
    }

    [Test]
    public void APool_AndAMagazineCache_GiveBackToo()
    {
        using UnmanagedPool<Guid> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual });
        using Sleeper sleeper = new(() =>
        {
            Guid*[] items = new Guid*[1000];
            for (int i = 0; i < items.Length; i++)
            {
                items[i] = pool.Rent();
            }

            foreach (Guid* item in items)
            {
                pool.Return(item);
            }
        });
        sleeper.RunOnce();
        Assert.That(pool.GetStatistics().ThreadCachedBytes, Is.Not.Zero, "the premise");
        pool.Trim();
        Assert.That(pool.GetStatistics().ThreadCachedBytes, Is.Zero);
        sleeper.RunOnce();
    }

    /// <summary>It sleeps inside the source, with a magazine in its hand.</summary>
    [Test]
    public void WhoSleepsInsideItsSource_IsLeftAlone()
    {
        const int Ids = 1000;
        SleepySource.Book book = new(Ids);
        using (MagazineCache<SleepySource> cache = new(new SleepySource(book), new MagazineCacheOptions { Reclaim = ReclaimOptions.Manual }))
        {
            List<ulong> ids = [];
            Thread owner = new(() =>
            {
                for (int i = 0; i < 300; i++)
                {
                    Assert.That(cache.TryAllocate(out ulong id), Is.True);
                    ids.Add(id);
                    book.IsSleepy |= i == 200;
                }

                ids.ForEach(cache.Free);
            });
            owner.Start();
            while (!owner.Join(0))
            {
                if (book.IsAsleep.Wait(1))
                {
                    cache.Trim();
                    book.WakeUp.Set();
                }
            }

            Assert.That(ids, Is.Unique);
            Assert.That(book.IsAsleep.IsSet, Is.True, "the premise");
        }

        Assert.That(book.Home, Is.EqualTo(Ids), "all came home");
    }

    /// <summary>It has just taken over a full cache, and waits inside the handler that is told of it.</summary>
    [Test]
    public void WhoWaitsInAHandler_IsLeftAlone()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        Thread former = new(() => Churn(heap));
        former.Start();
        former.Join();
        using EventRecorder session = EventRecorder.Start();
        long cached = 0;
        int calls = 0;
        session.Told = one =>
        {
            if (one.Name == "ThreadAttached" && Interlocked.Increment(ref calls) == 1)
            {
                Thread visitor = new(() => heap.Trim());
                visitor.Start();
                visitor.Join();
                cached = heap.GetStatistics().ThreadCachedBytes;
            }
        };
        Thread heir = new(() => heap.Free(heap.Allocate(64)));
        heir.Start();
        heir.Join();
        session.Told = null;
        Assert.That(calls, Is.Not.Zero, "the premise");
        Assert.That(cached, Is.GreaterThan(100_000));
    }

    [Test]
    public void WhoseAllocationsAreSampled_IsLeftAlone()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        using EventRecorder session = EventRecorder.Start(sampleBytes: 16 * 1024);
        using Sleeper sleeper = new(() => Churn(heap));
        sleeper.RunOnce();
        long before = heap.GetStatistics().ThreadCachedBytes;
        heap.Trim();
        Assert.That(heap.GetStatistics().ThreadCachedBytes, Is.EqualTo(before));
    }

    /// <summary>Sleepers that wake all the time, passes all the time: no block is ever in two hands.</summary>
    [Test]
    public void BesideVisitorsWithoutEnd_NoBlockIsHandedOutTwice()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        int isOver = 0;
        int wrong = 0;
        Thread[] threads = [.. Enumerable.Range(1, 3).Select(number => new Thread(() =>
        {
            Random random = new(number);
            nuint[] mine = new nuint[64];
            while (Volatile.Read(ref isOver) == 0)
            {
                for (int i = 0; i < mine.Length; i++)
                {
                    mine[i] = (nuint)heap.Allocate((nuint)(16 << (i & 3)));
                    *(long*)mine[i] = (number << 16) | i;
                }

                for (int i = 0; i < mine.Length; i++)
                {
                    wrong |= *(long*)mine[i] == ((number << 16) | i) ? 0 : 1;
                    heap.Free((void*)mine[i]);
                }

                Thread.Sleep(random.Next(2));
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        for (int i = 0; i < 400; i++)
        {
            heap.Trim();
            Thread.Yield();
        }

        Volatile.Write(ref isOver, 1);
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(wrong, Is.Zero);
        heap.Trim();
        Assert.That(heap.GetStatistics().AllocatedBlocks, Is.Zero);
    }

    private static void Churn(NativeHeap heap)
    {
        List<nuint> blocks = [];
        Random random = new(1);
        for (int i = 0; i < 3000; i++)
        {
            blocks.Add((nuint)heap.Allocate((nuint)random.Next(1, 2000)));
        }

        blocks.ForEach(block => heap.Free((void*)block));
    }
}
