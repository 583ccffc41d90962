using System.Diagnostics;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Dispose under concurrent use ends in ObjectDisposedException on every thread, never in a fault or a hang.</summary>
[TestFixture]
public sealed unsafe class ConcurrentDisposeTests
{
    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void FourThreadsAtWork_AllEndInObjectDisposed(CheckLevel checks)
    {
        int repeats = checks == CheckLevel.Full ? 15 : 50;
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            NativeHeap heap = Heaps.WithWorker(checks, intervalMs: 1);
            int disposed = 0;
            using CountdownEvent busy = new(4);
            Crew.Handle crew = Crew.Start(4, index =>
            {
                bool signalled = false;
                try
                {
                    // The contents are never touched: the memory may go at any moment.
                    nint[] live = new nint[100];
                    for (int i = 0; ; i++)
                    {
                        Use(heap, index, i, ref live[i % live.Length]);
                        if (!signalled && i == 200)
                        {
                            signalled = true;
                            busy.Signal();
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref disposed);
                }
                finally
                {
                    if (!signalled)
                    {
                        busy.Signal();
                    }
                }
            });

            Assert.That(busy.Wait(TimeSpan.FromSeconds(10)), Is.True, $"repeat {repeat}");
            heap.Dispose();
            Crew.Finish(crew);
            Assert.That(disposed, Is.EqualTo(4), $"repeat {repeat}");
        }
    }

    [Test]
    public void HandlesAtWork_AllEndInObjectDisposed()
    {
        for (int repeat = 0; repeat < 50; repeat++)
        {
            NativeHeap heap = Heaps.Quiet();
            int disposed = 0;
            using CountdownEvent busy = new(3);
            Crew.Handle crew = Crew.Start(3, _ =>
            {
                try
                {
                    HeapThread handle = heap.OpenThread();
                    busy.Signal();
                    while (true)
                    {
                        handle.Free(handle.Allocate(64));
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref disposed);
                }
            });
            Assert.That(busy.Wait(TimeSpan.FromSeconds(10)), Is.True);
            heap.Dispose();
            Crew.Finish(crew);
            Assert.That(disposed, Is.EqualTo(3), $"repeat {repeat}");
        }
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void ThreadsThatOnlyFree_AllEndInObjectDisposed(CheckLevel checks)
    {
        // These threads never allocate, so they may have no cache that would keep the heap's memory mapped for them.
        for (int repeat = 0; repeat < 15; repeat++)
        {
            NativeHeap heap = Heaps.Quiet(checks);
            nint[] blocks = new nint[checks == CheckLevel.Full ? 2000 : 20_000];
            Assert.That(heap.AllocateMany(500, blocks), Is.EqualTo(blocks.Length));
            int next = 0;
            using CountdownEvent busy = new(3);
            Crew.Handle crew = Crew.Start(3, _ =>
            {
                busy.Signal();
                try
                {
                    for (int i = Interlocked.Increment(ref next); i < blocks.Length; i = Interlocked.Increment(ref next))
                    {
                        heap.Free((void*)blocks[i]);
                    }
                }
                catch (ObjectDisposedException)
                {
                    // What this test is about.
                }
            });
            Assert.That(busy.Wait(TimeSpan.FromSeconds(10)), Is.True);
            heap.Dispose();
            Crew.Finish(crew);
            Assert.That(() => { heap.Free((void*)blocks[0]); }, Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void DisposeRacingWithAFirstAllocation_EndsTheThread()
    {
        // The first allocation makes the thread's cache, opens metadata and makes a slab: Dispose meets all of it half-way.
        NativeHeap? current = null;
        int made = 0;
        int ended = 0;
        Crew.Handle crew = Crew.Start(1, _ =>
        {
            for (int seen = 0; seen >= 0;)
            {
                int now = Volatile.Read(ref made);
                if (now == seen)
                {
                    Thread.SpinWait(1); // a sleep would miss the moment
                    continue;
                }

                seen = now;
                try
                {
                    while (seen > 0)
                    {
                        current!.Allocate(64);
                    }
                }
                catch (ObjectDisposedException)
                {
                    Volatile.Write(ref ended, seen);
                }
            }
        });
        Random random = new(3);
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 1; i <= 3000 && watch.Elapsed < TimeSpan.FromSeconds(2); i++)
        {
            current = Heaps.Quiet();
            Volatile.Write(ref made, i);
            Thread.SpinWait(random.Next(i % 2 == 0 ? 300 : 3000));
            current.Dispose();
            bool left = SpinWait.SpinUntil(() => Volatile.Read(ref ended) == i, 5000);
            Assert.That(left, Is.True, $"heap {i}: the thread is caught inside a disposed heap");
        }

        Volatile.Write(ref made, -1);
        Crew.Finish(crew);
    }

    [Test]
    public void TrimTickAndStatisticsAtWork_EndInObjectDisposed()
    {
        for (int repeat = 0; repeat < 50; repeat++)
        {
            NativeHeap heap = Heaps.WithWorker(intervalMs: 1);
            heap.Allocate(64);
            int disposed = 0;
            Crew.Handle crew = Crew.Start(3, index =>
            {
                try
                {
                    while (true)
                    {
                        if (index == 0)
                        {
                            heap.Trim();
                        }
                        else if (index == 1)
                        {
                            heap.Tick();
                        }
                        else
                        {
                            heap.GetStatistics();
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref disposed);
                }
            });
            Thread.Sleep(1);
            heap.Dispose();
            Crew.Finish(crew);
            Assert.That(disposed, Is.EqualTo(3), $"repeat {repeat}");
        }
    }

    [Test]
    public void ThreadsDyingWhileTheHeapIsDisposed_CrashNothing()
    {
        for (int repeat = 0; repeat < 50; repeat++)
        {
            NativeHeap heap = Heaps.WithWorker(intervalMs: 1);
            Crew.Handle crew = Crew.Start(6, index =>
            {
                try
                {
                    for (int i = 0; i < 50 * (index + 1); i++)
                    {
                        heap.Free(heap.Allocate(64));
                    }
                }
                catch (ObjectDisposedException)
                {
                    // What this test is about.
                }
            });
            heap.Dispose();
            Crew.Finish(crew);
            Assert.That(() => { heap.Allocate(1); }, Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void FastPathsThatTouchWhatTheyGet_NeverFault()
    {
        // What a disposal unmaps at once is what no fast path can touch: blocks are zeroed, and pointers that are no blocks looked up.
        for (int repeat = 0; repeat < 150; repeat++)
        {
            NativeHeap heap = Heaps.Quiet();
            UnmanagedPool<long> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual, ReservedBytes = Heaps.GiB });
            IovaDomain domain = Iova.Domains.Quiet(bits: 28);
            Crew.Handle crew = Crew.Start(4, index =>
            {
                for (int kind = 0; kind < 4; kind++)
                {
                    try
                    {
                        for (int i = 0; ; i++)
                        {
                            Touch((kind + index) % 4, heap, pool, domain, i);
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                        // The end of this kind.
                    }
                }
            });
            Thread.SpinWait(repeat * 300);
            pool.Dispose();
            heap.Dispose();
            domain.Dispose();
            Crew.Finish(crew);
        }
    }

    private static void Touch(int kind, NativeHeap heap, UnmanagedPool<long> pool, IovaDomain domain, int step)
    {
        nuint size = (nuint)(16 << (step % 12));
        switch (kind)
        {
            case 0:
                void* zeroed = heap.AllocateZeroed(size);
                try
                {
                    heap.Free((byte*)zeroed + Heaps.GiB);
                }
                catch (HeapMisuseException)
                {
                    // It is no block.
                }

                heap.Free(zeroed);
                break;
            case 1:
                using (HeapThread handle = heap.OpenThread())
                {
                    for (int i = 0; i < 100; i++)
                    {
                        handle.FreeSized(handle.AllocateZeroed(size), size);
                    }
                }

                break;
            case 2:
                pool.Return(pool.Rent());
                break;
            default:
                domain.FreeFast(domain.AllocateFast(size / 16 % 32 + 1, domain.LastPfn), size / 16 % 32 + 1);
                break;
        }
    }

    private static void Use(NativeHeap heap, int index, int step, ref nint slot)
    {
        void* old = (void*)slot;
        slot = 0;
        switch (step % 7)
        {
            case 0:
                slot = (nint)heap.Reallocate(null, 200);
                heap.Free(old);
                break;
            case 1:
                heap.Free(old);
                slot = (nint)heap.AllocateAligned(100, 64);
                break;
            case 2 when step % 49 == 2:
                heap.Free(old);
                slot = (nint)heap.Allocate(100_000);
                break;
            case 3:
                heap.Free(old);
                heap.TryAllocate((nuint)(index * 100), out void* block);
                slot = (nint)block;
                break;
            case 4 when step % 98 == 4:
                heap.FreeMany([(nint)old]);
                heap.Trim();
                break;
            default:
                heap.Free(old);
                slot = (nint)heap.Allocate((nuint)(16 << (step % 5)));
                break;
        }
    }
}
