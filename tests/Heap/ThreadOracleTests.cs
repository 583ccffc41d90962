using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Threads fill, verify, hand over, reallocate and free; every block carries owner and sequence number.</summary>
[TestFixture]
public sealed unsafe class ThreadOracleTests
{
    private const int Slots = 64;

    [TestCase(CheckLevel.None, 2, 60_000)]
    [TestCase(CheckLevel.None, 8, 20_000)]
    [TestCase(CheckLevel.Basic, 4, 25_000)]
    [TestCase(CheckLevel.Full, 4, 8_000)]
    public void Threads_ExchangingBlocks_NeverSeeForeignContents(CheckLevel checks, int threads, int steps)
    {
        const int Seed = 20_250;
        using NativeHeap heap = Heaps.WithWorker(checks);
        Exchange exchange = new();

        try
        {
            Crew.Run(threads, owner => Work(heap, exchange, owner, steps, Seed));
        }
        catch
        {
            TestContext.Out.WriteLine($"seed {Seed}, {threads} threads, {checks}");
            throw;
        }

        exchange.Drain(heap);
        Books.BalanceEmpty(heap, $"seed {Seed}");
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void Threads_WithHandles_NeverSeeForeignContents(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.WithWorker(checks);
        Crew.Run(4, owner =>
        {
            using HeapThread handle = heap.OpenThread();
            Random random = new(owner);
            (nint Block, nuint Size, long Sequence)[] live = new (nint, nuint, long)[200];
            for (int step = 0; step < 15_000; step++)
            {
                ref (nint Block, nuint Size, long Sequence) slot = ref live[random.Next(live.Length)];
                if (slot.Block != 0)
                {
                    Verify((void*)slot.Block, slot.Size, owner, slot.Sequence);
                    if ((step & 1) == 0)
                    {
                        handle.Free((void*)slot.Block);
                    }
                    else
                    {
                        handle.FreeSized((void*)slot.Block, slot.Size);
                    }
                }

                nuint size = (nuint)random.Next(0, 600);
                void* block = handle.Allocate(size);
                BlockPattern.Fill(block, size, owner, step);
                slot = ((nint)block, size, step);
            }

            foreach ((nint block, nuint size, long sequence) in live)
            {
                if (block != 0)
                {
                    Verify((void*)block, size, owner, sequence);
                    handle.Free((void*)block);
                }
            }
        });

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void TrimTickAndStatistics_FromOtherThreads_DisturbNobody()
    {
        using NativeHeap heap = Heaps.WithWorker(intervalMs: 1);
        Exchange exchange = new();
        using CancellationTokenSource stop = new();
        Crew.Handle visitors = Crew.Start(2, index =>
        {
            while (!stop.IsCancellationRequested)
            {
                heap.Tick();
                if (index == 0)
                {
                    heap.Trim();
                }

                HeapStatistics s = heap.GetStatistics();
                Assert.That(s.CommittedBytes, Is.GreaterThanOrEqualTo(0));
                Assert.That(s.PeakCommittedBytes, Is.GreaterThanOrEqualTo(0));
                Thread.Yield();
            }
        });

        Crew.Run(3, owner => Work(heap, exchange, owner, 12_000, 7));

        stop.Cancel();
        Crew.Finish(visitors);
        exchange.Drain(heap);
        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    private static void Work(NativeHeap heap, Exchange exchange, int owner, int steps, int seed)
    {
        Random random = new((seed * 31) + owner);
        List<Entry> live = [];
        for (int step = 0; step < steps; step++)
        {
            int dice = random.Next(100);
            if (live.Count == 0 || (dice < 40 && live.Count < 300))
            {
                nuint size = Size(random);
                void* block = dice % 8 == 0 ? heap.AllocateAligned(size, 64) : heap.Allocate(size);
                BlockPattern.Fill(block, size, owner, step);
                live.Add(new Entry((nint)block, size, owner, step, Aligned: dice % 8 == 0));
                continue;
            }

            int at = random.Next(live.Count);
            Entry entry = live[at];
            Verify((void*)entry.Block, entry.Size, entry.Owner, entry.Sequence);
            if (dice < 50 && !entry.Aligned)
            {
                nuint size = Size(random);
                void* block = heap.Reallocate((void*)entry.Block, size);
                if (size >= entry.Size)
                {
                    Verify(block, entry.Size, entry.Owner, entry.Sequence);
                }

                BlockPattern.Fill(block, size, owner, step);
                live[at] = new Entry((nint)block, size, owner, step, Aligned: false);
                continue;
            }

            live[at] = live[^1];
            live.RemoveAt(live.Count - 1);
            if (dice < 80)
            {
                Entry? received = exchange.Swap(random.Next(Slots), entry);
                if (received is not null)
                {
                    Verify((void*)received.Block, received.Size, received.Owner, received.Sequence);
                    heap.Free((void*)received.Block);
                }
            }
            else if (entry.Aligned)
            {
                heap.Free((void*)entry.Block);
            }
            else
            {
                heap.FreeSized((void*)entry.Block, entry.Size);
            }
        }

        foreach (Entry entry in live)
        {
            Verify((void*)entry.Block, entry.Size, entry.Owner, entry.Sequence);
            heap.Free((void*)entry.Block);
        }
    }

    private static nuint Size(Random random) => random.Next(100) switch
    {
        0 => (nuint)random.Next(30_000, 200_000),
        < 10 => (nuint)random.Next(1000, 9000),
        _ => (nuint)random.Next(0, 700),
    };

    private static void Verify(void* block, nuint size, int owner, long sequence)
    {
        long at = BlockPattern.FirstMismatch(block, size, owner, sequence);
        if (at != -1)
        {
            Assert.Fail($"block 0x{(nuint)block:x} of {size} bytes, owner {owner}, sequence {sequence}: differs at {at}");
        }
    }

    private sealed record Entry(nint Block, nuint Size, int Owner, long Sequence, bool Aligned);

    private sealed class Exchange
    {
        private readonly Entry?[] _slots = new Entry?[Slots];

        public Entry? Swap(int slot, Entry? entry) => Interlocked.Exchange(ref _slots[slot], entry);

        public void Drain(NativeHeap heap)
        {
            for (int i = 0; i < Slots; i++)
            {
                if (Swap(i, null) is { } entry)
                {
                    Verify((void*)entry.Block, entry.Size, entry.Owner, entry.Sequence);
                    heap.Free((void*)entry.Block);
                }
            }
        }
    }
}
