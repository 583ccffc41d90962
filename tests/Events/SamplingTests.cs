using System.Diagnostics.Tracing;
using MagAlloc.Events;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Events;

/// <summary>Sampled allocations: their weights are right, and what a sample displaces is never lost or handed out twice.</summary>
[NonParallelizable]
public sealed unsafe class SamplingTests
{
    private const long Mean = 8 * 1024;

    // Of a normal variable one in two million lies outside.
    private const double Sigmas = 5;

    private static readonly int[] s_sizes = [16, 64, 200, 1024, 3000, 9000, 14_000, 30_000, 100_000, 1_500_000];

    [TestCase(16)]
    [TestCase(64)]
    [TestCase(1024)]
    [TestCase(9000)]
    [TestCase(14_000)]
    [TestCase(100_000)]
    [TestCase(1_500_000)]
    public void Weights_add_up_to_the_bytes_allocated(int size)
    {
        using EventRecorder session = Sampled();
        using NativeHeap heap = Named("one size");
        long allocations = Math.Max(400, 20_000_000 / size);
        int held = size < 10_000 ? 300 : 3;
        Queue<nint> live = new();
        for (long i = 0; i < allocations; i++)
        {
            live.Enqueue((nint)heap.Allocate((nuint)size));
            if (live.Count > held)
            {
                heap.Free((void*)live.Dequeue());
            }
        }

        long block = (long)heap.UsableSize((void*)live.Peek());
        AssertWeights(session, session.OwnerOf("one size"), new Dictionary<long, long> { [block] = allocations });
    }

    [TestCase(1)]
    [TestCase(2)]
    public void Each_class_gets_its_share(int threads)
    {
        using EventRecorder session = Sampled();
        using NativeHeap heap = Named("mixed");
        Dictionary<long, long>[] counts = [.. Enumerable.Range(0, threads).Select(_ => new Dictionary<long, long>())];
        Crew.Run(threads, index =>
        {
            var random = new Random(index);
            List<nint> live = [];
            for (int i = 0; i < 30_000; i++)
            {
                int size = s_sizes[Math.Min(s_sizes.Length - 1, (int)(s_sizes.Length * random.NextDouble() * random.NextDouble()))];
                void* block = i % 3 == 0 ? heap.AllocateZeroed((nuint)size) : heap.Allocate((nuint)size);
                long bytes = (long)heap.UsableSize(block);
                counts[index][bytes] = counts[index].GetValueOrDefault(bytes) + 1;
                live.Add((nint)block);
                if (live.Count > 200)
                {
                    int victim = random.Next(live.Count);
                    heap.Free((void*)live[victim]);
                    live[victim] = live[^1];
                    live.RemoveAt(live.Count - 1);
                }
            }
        });
        AssertWeights(
            session,
            session.OwnerOf("mixed"),
            counts.SelectMany(one => one).GroupBy(one => one.Key).ToDictionary(one => one.Key, one => one.Sum(pair => pair.Value)));
    }

    [Test]
    public void Handles_and_pools_are_sampled_too()
    {
        using EventRecorder session = Sampled();
        using NativeHeap heap = Named("handle");
        using UnmanagedPool<Int128> pool = new(new UnmanagedPoolOptions { Name = "sampled pool", Reclaim = ReclaimOptions.Manual });
        const int Rounds = 400_000;
        using (HeapThread handle = heap.OpenThread())
        {
            for (int i = 0; i < Rounds; i++)
            {
                handle.Free(handle.Allocate(64));
                pool.Return(pool.Rent());
            }
        }

        AssertWeights(session, session.OwnerOf("handle"), new Dictionary<long, long> { [64] = Rounds });
        AssertWeights(session, session.OwnerOf("sampled pool"), new Dictionary<long, long> { [16] = Rounds });
    }

    [Test]
    public void A_sample_is_the_allocation_that_returns_the_block()
    {
        using EventRecorder session = Sampled(512);
        using NativeHeap heap = Named("address");
        int told = 0;
        long address = 0;
        session.Told = one => (told, address) = one.Name == "AllocationSampled" ? (told + 1, one["address"]) : (told, address);
        for (int i = 0; i < 20_000; i++)
        {
            int before = told;
            void* block = heap.Allocate((nuint)(1 + (i % 700)));
            if (told != before)
            {
                Assert.That(told, Is.EqualTo(before + 1));
                Assert.That(address, Is.EqualTo((long)block));
            }

            if (i % 2 == 0)
            {
                heap.Free(block);
            }
        }

        Assert.That(told, Is.GreaterThan(1000));
    }

    [Test]
    public void Every_allocation_is_sampled_when_the_mean_is_a_byte()
    {
        using EventRecorder session = Sampled(1);
        using NativeHeap heap = Named("all");
        for (int i = 0; i < 5000; i++)
        {
            heap.Free(heap.Allocate((nuint)(1 + (i % 20_000))));
        }

        IReadOnlyList<RecordedEvent> samples = session.Of(session.OwnerOf("all"), "AllocationSampled");
        Assert.That(samples, Has.Count.EqualTo(5000));
        Assert.That(samples.Select(one => one["weightBytes"] - one["bytes"]), Has.All.Zero);
    }

    [Test]
    public void Nothing_is_sampled_when_the_mean_is_0()
    {
        using EventRecorder session = Sampled(0);
        using NativeHeap heap = Named("none");
        for (int i = 0; i < 5000; i++)
        {
            heap.Free(heap.Allocate(10_000));
        }

        Assert.That(session.All.Select(one => one.Name), Does.Not.Contain("AllocationSampled"));
    }

    /// <summary>
    /// Sessions begin and end under two threads that allocate, free across, trim, and run out of memory: each way on which a planted 0
    /// must be lifted. A block that was lost shows in the books; one that was handed out twice, in its owner's mark.
    /// </summary>
    [TestCase(0L)]
    [TestCase(12L << 20)]
    public void No_block_is_lost_or_handed_out_twice_while_sessions_come_and_go(long limit)
    {
        using NativeHeap heap = new(new NativeHeapOptions
        {
            Name = "churn",
            Reclaim = new() { Interval = TimeSpan.FromMilliseconds(1) },
            ByteLimit = limit == 0 ? long.MaxValue : limit,
        });
        using var stop = new CancellationTokenSource();
        Crew.Handle crew = Crew.Start(3, index =>
        {
            if (index == 2)
            {
                while (!stop.IsCancellationRequested)
                {
                    using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Sample, EventLevel.Informational, sampleBytes: 2048);
                    Thread.Sleep(3);
                }

                return;
            }

            Churn(heap, index, stop.Token);
        });
        Thread.Sleep(2500);
        stop.Cancel();
        Crew.Finish(crew);
        heap.Trim();
        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void A_dead_threads_cache_gives_back_what_was_displaced()
    {
        using EventRecorder session = Sampled(64);
        using NativeHeap heap = Named("dead");
        Crew.RunOne(() => KeepNone(heap));
        Crew.RunOne(() => KeepNone(heap));
        Assert.That(Crew.Eventually(
            () =>
            {
                heap.Trim();
                return heap.GetStatistics().CachedBlocks == 0;
            },
            TimeSpan.FromSeconds(5)));
        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void A_session_that_ended_leaves_nothing_planted()
    {
        using NativeHeap heap = Named("ended");
        nint[] blocks = new nint[500];
        using (Sampled(64))
        {
            heap.AllocateMany(48, blocks);
            heap.FreeMany(blocks);
        }

        HashSet<nint> seen = [];
        for (int round = 0; round < 5; round++)
        {
            seen.Clear();
            Assert.That(heap.AllocateMany(48, blocks), Is.EqualTo(blocks.Length));
            foreach (nint block in blocks)
            {
                Assert.That(seen.Add(block), "a block was handed out twice");
            }

            heap.FreeMany(blocks);
        }

        Assert.That(heap.Core.Engine.FindOwn()->SampleMean, Is.Zero);
        heap.Trim();
        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().CachedBlocks, Is.Zero);
    }

    private static void KeepNone(NativeHeap heap)
    {
        nint[] blocks = new nint[400];
        heap.AllocateMany(96, blocks);
        heap.FreeMany(blocks);
        heap.AllocateMany(96, blocks.AsSpan(0, 130));
        heap.FreeMany(blocks.AsSpan(0, 130));
    }

    private static void Churn(NativeHeap heap, int index, CancellationToken stop)
    {
        var random = new Random(index);
        List<nint> live = [];
        long number = (long)(index + 1) << 48;
        while (!stop.IsCancellationRequested)
        {
            int size = 16 << random.Next(0, 14);
            if (random.Next(2000) == 0)
            {
                heap.Trim();
            }

            if (live.Count < 300 && heap.TryAllocate((nuint)size, out void* block))
            {
                *(long*)block = ++number;
                ((long*)block)[1] = (long)block ^ number;
                live.Add((nint)block);
            }
            else if (live.Count > 0)
            {
                int victim = random.Next(live.Count);
                var words = (long*)live[victim];
                if (words[0] >> 48 != index + 1 || words[1] != ((long)words ^ words[0]))
                {
                    throw new AssertionException($"the block at 0x{(nint)words:x} is somebody else's");
                }

                heap.Free(words);
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
            }
        }

        live.ForEach(block => heap.Free((void*)block));
    }

    private static EventRecorder Sampled(long mean = Mean)
        => EventRecorder.Start(MagAllocEventSource.Keywords.Sample | MagAllocEventSource.Keywords.Owner, EventLevel.Informational, sampleBytes: mean);

    private static NativeHeap Named(string name) => new(new NativeHeapOptions { Name = name, Reclaim = ReclaimOptions.Manual });

    /// <summary>Each size's samples against the binomial law, and all weights against the sum of the bytes.</summary>
    private static void AssertWeights(EventRecorder session, long owner, Dictionary<long, long> allocations)
    {
        IReadOnlyList<RecordedEvent> samples = session.Of(owner, "AllocationSampled");
        Assert.That(samples.Select(one => one["bytes"]).Distinct(), Is.SubsetOf(allocations.Keys));
        double variance = 0;
        foreach ((long bytes, long count) in allocations)
        {
            double p = 1 - Math.Exp(-(double)bytes / Mean);
            double expected = count * p;
            double deviation = Math.Sqrt(count * p * (1 - p));
            int sampled = samples.Count(one => one["bytes"] == bytes);
            Assert.That(sampled, Is.EqualTo(expected).Within((Sigmas * deviation) + 1), $"samples of {bytes} bytes, of {count} allocations");
            Assert.That(samples.Where(one => one["bytes"] == bytes).Select(one => one["weightBytes"]), Has.All.EqualTo((long)Math.Round(bytes / p)));
            variance += count * p * (1 - p) * (bytes / p) * (bytes / p);
        }

        double allocated = allocations.Sum(one => (double)one.Key * one.Value);
        Assert.That(
            samples.Sum(one => (double)one["weightBytes"]),
            Is.EqualTo(allocated).Within((Sigmas * Math.Sqrt(variance)) + allocations.Count),
            "the weights add up to the bytes");
        TestContext.Out.WriteLine($"{samples.Count} samples for {allocated:n0} bytes");
    }
}
