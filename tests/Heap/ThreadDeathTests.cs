using System.Runtime.CompilerServices;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>When a thread ends, whatever way it ended, every block it cached comes back.</summary>
[TestFixture]
public sealed unsafe class ThreadDeathTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void ManyShortLivedThreads_LoseNothing(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        heap.Free(heap.Allocate(64));
        long before = heap.GetStatistics().Threads;
        int batches = checks == CheckLevel.None ? 125 : 40;
        for (int batch = 0; batch < batches; batch++)
        {
            Crew.Run(8, index =>
            {
                nint[] blocks = new nint[40];
                for (int i = 0; i < blocks.Length; i++)
                {
                    blocks[i] = (nint)heap.Allocate((nuint)(16 << (i % 6)));
                }

                heap.FreeMany(blocks);
            });
        }

        AwaitThreads(heap, before);
        Books.BalanceEmpty(heap, "after all threads");
        heap.Trim();
        Books.BalanceEmpty(heap, "after Trim");
        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.CommittedBytes, Is.LessThanOrEqualTo(2 * Heaps.MiB), $"dead threads keep memory: {s}");
    }

    [Test]
    public void ASuccessor_InheritsTheCacheAtOnce_WithAllThatItHolds()
    {
        using NativeHeap heap = Heaps.Quiet();
        HashSet<nint> theirs = [];
        Crew.RunOne(() =>
        {
            nint[] blocks = new nint[100];
            heap.AllocateMany(64, blocks);
            theirs.UnionWith(blocks);
            heap.FreeMany(blocks);
        });
        HeapStatistics before = heap.GetStatistics();
        nint[] mine = new nint[100];
        Crew.RunOne(() => heap.AllocateMany(64, mine));

        HeapStatistics s = heap.GetStatistics();
        Assert.That(mine.Count(theirs.Contains), Is.GreaterThan(50), "beside what was left of its last batch, all its blocks");
        Assert.That(s.SourceRefills, Is.EqualTo(before.SourceRefills), "no pass of the worker was needed");
        Assert.That(s.Threads, Is.EqualTo(before.Threads), "one cache for both");
        heap.FreeMany(mine);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void BlocksCachedByADeadThread_AreHandedOutAgain()
    {
        using NativeHeap heap = Heaps.Quiet();
        long before = heap.GetStatistics().Threads;
        HashSet<nint> theirs = [];
        Crew.RunOne(() =>
        {
            nint[] blocks = new nint[3000];
            heap.AllocateMany(64, blocks);
            theirs.UnionWith(blocks);
            heap.FreeMany(blocks);
        });
        AwaitThreads(heap, before);
        long committed = heap.GetStatistics().CommittedBytes;

        nint[] mine = new nint[3000];
        Assert.That(heap.AllocateMany(64, mine), Is.EqualTo(3000));

        Assert.That(mine.Count(theirs.Contains), Is.GreaterThan(2000));
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThanOrEqualTo(committed + (Heaps.MiB / 2)));
        heap.FreeMany(mine);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void AnInheritedCache_StaysItsNewOwners_WhenTheDeadOwnerIsCollected()
    {
        using NativeHeap heap = Heaps.Quiet();
        for (int round = 0; round < 10; round++)
        {
            // One thread dies and its cache is brought home; another one may take the cache over.
            Crew.RunOne(() => heap.Free(heap.Allocate(64)));
            AwaitThreads(heap, round == 0 ? 0 : 1); // this thread has a cache from its first FreeMany on
            using ManualResetEventSlim working = new(false);
            using ManualResetEventSlim proceed = new(false);
            nint[] mine = new nint[500];
            nint[] theirs = new nint[500];
            Crew.Handle heir = Crew.Start(1, _ =>
            {
                heap.Free(heap.Allocate(64));
                working.Set();
                Assert.That(proceed.Wait(TimeSpan.FromSeconds(10)), Is.True);
                heap.AllocateMany(64, mine);
            });
            Assert.That(working.Wait(TimeSpan.FromSeconds(10)), Is.True);
            long threads = heap.GetStatistics().Threads;

            GC.Collect();
            GC.WaitForPendingFinalizers();

            long afterwards = heap.GetStatistics().Threads;
            Crew.RunOne(() => heap.AllocateMany(64, theirs));
            proceed.Set();
            Crew.Finish(heir);
            Assert.That(afterwards, Is.EqualTo(threads), $"round {round}: a living thread's cache was taken away");
            Assert.That(mine.Concat(theirs).Distinct().Count(), Is.EqualTo(1000), $"round {round}: two threads share a cache");
            heap.FreeMany(mine);
            heap.FreeMany(theirs);
            Books.BalanceEmpty(heap, $"round {round}");
            heap.Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    public enum Ending
    {
        Return,
        ExceptionCaughtAtTheTop,
        HandleNotDisposed,
        HandleNotDisposedAfterException,
        BlocksStillLive,
    }

    [Test]
    public void HoweverAThreadEnds_ItsCacheComesBack_AndItsLiveBlocksStayLive([Values] Ending ending, [Values] CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        long before = heap.GetStatistics().Threads;
        nint[] live = new nint[10];
        for (int round = 0; round < 10; round++)
        {
            int mine = round;
            Crew.Run(1, _ => End(heap, ending, ref live[mine]));
        }

        AwaitThreads(heap, before);
        HeapStatistics s = Books.Settled(heap, 10);
        Books.Balance(s);
        Assert.That(s.LiveBlocks(), Is.EqualTo(10));
        foreach (nint block in live)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)block, 300, 8, 8), Is.EqualTo(-1));
            heap.Free((void*)block);
        }

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void ThreadsBornAndDyingWhileOthersWork_KeepTheBooks()
    {
        using NativeHeap heap = Heaps.WithWorker(intervalMs: 1);
        nint[] slots = new nint[256];
        Crew.Run(3, owner =>
        {
            Random random = new(owner);
            for (int life = 0; life < 60; life++)
            {
                Crew.RunOne(() =>
                {
                    for (int i = 0; i < 200; i++)
                    {
                        long* block = (long*)heap.Allocate(128);
                        block[0] = (nint)block;
                        block[15] = ~(nint)block;
                        long* old = (long*)Interlocked.Exchange(ref slots[random.Next(slots.Length)], (nint)block);
                        if (old != null)
                        {
                            Assert.That(old[0], Is.EqualTo((long)(nint)old));
                            Assert.That(old[15], Is.EqualTo(~(long)(nint)old));
                            heap.Free(old);
                        }
                    }
                });
            }
        });

        foreach (nint block in slots)
        {
            heap.Free((void*)block);
        }

        AwaitThreads(heap, 1);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void PoolThreads_AreServedLikeAnyOther()
    {
        using NativeHeap heap = Heaps.Quiet(CheckLevel.Basic);
        Parallel.For(0, 2000, i =>
        {
            nuint size = (nuint)(1 + (i % 500));
            void* block = heap.Allocate(size);
            BlockPattern.Fill(block, size, i, i);
            Assert.That(BlockPattern.FirstMismatch(block, size, i, i), Is.EqualTo(-1));
            heap.FreeSized(block, size);
        });
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void AHeapDisposedBeforeItsThreadsEnd_LeavesThemInPeace()
    {
        NativeHeap heap = Heaps.Quiet();
        using CountdownEvent ready = new(3);
        using ManualResetEventSlim leave = new(false);
        Crew.Handle crew = Crew.Start(3, _ =>
        {
            heap.Free(heap.Allocate(64));
            ready.Signal();
            leave.Wait();
        });
        Assert.That(ready.Wait(TimeSpan.FromSeconds(10)), Is.True);
        heap.Dispose();
        leave.Set();
        Crew.Finish(crew);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using NativeHeap next = Heaps.Quiet();
        next.Free(next.Allocate(64));
        Books.BalanceEmpty(next);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void End(NativeHeap heap, Ending ending, ref nint live)
    {
        nint[] blocks = new nint[500];
        heap.AllocateMany(80, blocks);
        live = (nint)heap.Allocate(300);
        BlockPattern.Fill((void*)live, 300, 8, 8);
        heap.FreeMany(blocks);
        switch (ending)
        {
            case Ending.Return:
                break;
            case Ending.ExceptionCaughtAtTheTop:
                try
                {
                    throw new InvalidOperationException("the thread dies");
                }
                catch (InvalidOperationException)
                {
                    return;
                }

            case Ending.HandleNotDisposed:
                Hold(heap, fail: false);
                break;
            case Ending.HandleNotDisposedAfterException:
                try
                {
                    Hold(heap, fail: true);
                }
                catch (InvalidOperationException)
                {
                    return;
                }

                break;
            default:
                heap.AllocateMany(80, blocks);
                heap.FreeMany(blocks.AsSpan(0, 250));
                Crew.RunOne(() => heap.FreeMany(blocks.AsSpan(250)));
                break;
        }
    }

    private static void Hold(NativeHeap heap, bool fail)
    {
        HeapThread handle = heap.OpenThread();
        for (int i = 0; i < 300; i++)
        {
            handle.Free(handle.Allocate((nuint)i));
        }

        if (fail)
        {
            throw new InvalidOperationException("the thread dies with the handle in its hand");
        }
    }

    private static void AwaitThreads(NativeHeap heap, long expected)
    {
        bool gone = Crew.Eventually(
            () =>
            {
                heap.Tick();
                return heap.GetStatistics().Threads <= expected;
            },
            s_patience);
        Assert.That(gone, Is.True, $"{heap.GetStatistics().Threads} thread caches left, {expected} expected");
    }
}
