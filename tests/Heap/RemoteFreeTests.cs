using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>A thread that only frees what another allocates, and threads that go idle after a burst, do not grow memory.</summary>
[TestFixture]
public sealed unsafe class RemoteFreeTests
{
    [TestCase(CheckLevel.None, 64, 150)]
    [TestCase(CheckLevel.None, 2000, 60)]
    [TestCase(CheckLevel.None, 40_000, 20)]
    [TestCase(CheckLevel.Full, 1000, 60)]
    public void ConsumerThatOnlyFrees_KeepsCommittedBytesBounded(CheckLevel checks, int size, int rounds)
    {
        int batch = size <= 64 ? 2000 : 400;
        using NativeHeap heap = Heaps.Quiet(checks);
        using SemaphoreSlim full = new(0);
        using SemaphoreSlim empty = new(1);
        nint[] blocks = new nint[batch];
        long early = 0;
        long late = 0;
        Crew.Run(2, role =>
        {
            for (int round = 0; round < rounds; round++)
            {
                if (role == 0)
                {
                    Assert.That(empty.Wait(TimeSpan.FromSeconds(10)), Is.True);
                    for (int i = 0; i < batch; i++)
                    {
                        void* block = heap.Allocate((nuint)size);
                        BlockPattern.Fill(block, (nuint)size, 1, i);
                        blocks[i] = (nint)block;
                    }

                    full.Release();
                }
                else
                {
                    Assert.That(full.Wait(TimeSpan.FromSeconds(10)), Is.True);
                    for (int i = 0; i < batch; i++)
                    {
                        Assert.That(BlockPattern.FirstMismatch((void*)blocks[i], (nuint)size, 1, i), Is.EqualTo(-1));
                        heap.Free((void*)blocks[i]);
                    }

                    long committed = heap.GetStatistics().CommittedBytes;
                    early = round == rounds / 4 ? committed : early;
                    late = committed;
                    empty.Release();
                }
            }
        });

        Assert.That(late, Is.LessThanOrEqualTo(early + (early / 4) + Heaps.MiB), $"committed after a quarter {early}, at the end {late}");
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void PipelineOfThreads_KeepsCommittedBytesBounded()
    {
        using NativeHeap heap = Heaps.WithWorker();
        const int Stages = 4;
        System.Collections.Concurrent.BlockingCollection<nint>[] queues =
            [.. Enumerable.Range(0, Stages - 1).Select(_ => new System.Collections.Concurrent.BlockingCollection<nint>(500))];
        Crew.Run(Stages, stage =>
        {
            if (stage == 0)
            {
                for (int i = 0; i < 30_000; i++)
                {
                    long* block = (long*)heap.Allocate(256);
                    *block = i;
                    queues[0].Add((nint)block);
                }

                queues[0].CompleteAdding();
                return;
            }

            long expected = 0;
            foreach (nint block in queues[stage - 1].GetConsumingEnumerable())
            {
                Assert.That(*(long*)block, Is.EqualTo(expected++));
                if (stage < Stages - 1)
                {
                    queues[stage].Add(block);
                }
                else
                {
                    heap.FreeSized((void*)block, 256);
                }
            }

            if (stage < Stages - 1)
            {
                queues[stage].CompleteAdding();
            }
        });

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().PeakCommittedBytes, Is.LessThan(4 * Heaps.MiB), "at most 1,500 blocks of 256 bytes were live");
        foreach (System.Collections.Concurrent.BlockingCollection<nint> queue in queues)
        {
            queue.Dispose();
        }
    }

    [Test]
    public void ThreadsIdleAfterABurst_KeepOnlyTheirOwnSmallCaches()
    {
        using NativeHeap heap = Heaps.Quiet();
        using CountdownEvent done = new(4);
        using ManualResetEventSlim leave = new(false);
        Crew.Handle crew = Crew.Start(4, _ =>
        {
            for (nuint size = 16; size <= 32_768; size *= 2)
            {
                nint[] blocks = new nint[(2 << 20) / (int)size];
                Assert.That(heap.AllocateMany(size, blocks), Is.EqualTo(blocks.Length));
                heap.FreeMany(blocks);
            }

            done.Signal();
            leave.Wait();
        });
        try
        {
            Assert.That(done.Wait(TimeSpan.FromSeconds(20)), Is.True);
            long peak = heap.GetStatistics().CommittedBytes;
            heap.Trim();
            HeapStatistics idle = heap.GetStatistics();
            Assert.That(idle.Threads, Is.GreaterThanOrEqualTo(4));
            Assert.That(idle.CommittedBytes, Is.LessThan(6 * Heaps.MiB), $"four idle threads hoard; at the peak {peak}: {idle}");
        }
        finally
        {
            leave.Set();
        }

        Crew.Finish(crew);
        Books.BalanceEmpty(heap);
    }

    [Test]
    [NonParallelizable]
    public void ResidentSet_AfterBurstAndIdle_ComesDownByItself()
    {
        using NativeHeap heap = Heaps.WithWorker();
        long before = ProcessState.ResidentBytes;
        long busy = 0;
        Crew.Run(2, _ =>
        {
            nint[] blocks = new nint[30_000];
            Assert.That(heap.AllocateMany(1024, blocks), Is.EqualTo(blocks.Length));
            foreach (nint block in blocks)
            {
                BlockPattern.Set((void*)block, 1024, 0xEE);
            }

            busy = Math.Max(busy, ProcessState.ResidentBytes);
            heap.FreeMany(blocks);
        });

        Assert.That(busy - before, Is.GreaterThan(25 * Heaps.MiB), "the premise: a burst");
        bool down = Crew.Eventually(() => ProcessState.ResidentBytes < before + (12 * Heaps.MiB), TimeSpan.FromSeconds(3));
        Assert.That(down, Is.True, $"before {before}, busy {busy}, now {ProcessState.ResidentBytes}: {heap.GetStatistics()}");
    }
}
