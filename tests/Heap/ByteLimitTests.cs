using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>A byte limit ends in OutOfMemoryException or false, after caches were flushed and the request retried once.</summary>
[TestFixture]
public sealed unsafe class ByteLimitTests
{
    private static readonly nuint[] s_sizes = [16, 64, 1000, 8192, 32_768, 100_000, 1 << 20];

    [TestCaseSource(nameof(s_sizes))]
    public void TryAllocate_IsFalseAtTheLimit_AndTheHeapIsUsableAfterFrees(nuint size)
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 6 * Heaps.MiB);
        List<nint> live = [];
        while (heap.TryAllocate(size, out void* block))
        {
            BlockPattern.Fill(block, Math.Min(size, 64), 1, live.Count);
            live.Add((nint)block);
            Assert.That((long)size * live.Count, Is.LessThanOrEqualTo(6 * Heaps.MiB), "the limit is not kept");
        }

        Assert.That((long)size * live.Count, Is.GreaterThanOrEqualTo(3 * Heaps.MiB), "far from the limit");
        HeapStatistics full = heap.GetStatistics();
        Assert.That(full.PeakCommittedBytes, Is.LessThanOrEqualTo(6 * Heaps.MiB));
        Assert.That(full.OutOfMemoryFlushes, Is.GreaterThanOrEqualTo(1));
        Assert.That(() => { heap.Allocate(size); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(() => { heap.AllocateZeroed(size); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(() => { heap.AllocateAligned(1 << 20, 4096); }, Throws.TypeOf<OutOfMemoryException>());

        for (int i = 0; i < live.Count; i++)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)live[i], Math.Min(size, 64), 1, i), Is.EqualTo(-1));
            heap.Free((void*)live[i]);
        }

        Books.BalanceEmpty(heap);
        void* again = heap.Allocate(size);
        heap.Free(again);
    }

    [Test]
    public void LimitFilledWithCachedBlocksOfAnotherClass_IsFlushedAndTheRequestSucceeds()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 4 * Heaps.MiB);
        CacheBlocksOfEveryClass(heap);
        HeapStatistics full = heap.GetStatistics();
        Assert.That(full.CachedBytes, Is.GreaterThan(Heaps.MiB / 2), "the premise: much of the limit is cached");
        Assert.That(full.CommittedBytes + (3 * Heaps.MiB), Is.GreaterThan(4 * Heaps.MiB), "the premise: the request needs it");

        void* large = heap.Allocate(3 << 20);

        Assert.That(heap.UsableSize(large), Is.GreaterThanOrEqualTo((nuint)(3 << 20)));
        Assert.That(heap.GetStatistics().OutOfMemoryFlushes, Is.GreaterThan(full.OutOfMemoryFlushes));
        heap.Free(large);
        FillAndFree(heap, 4096);
        FillAndFree(heap, 64);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void LimitCachedByDeadThreads_IsFlushedAndTheRequestSucceeds()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 4 * Heaps.MiB);
        Crew.RunOne(() => CacheBlocksOfEveryClass(heap));

        void* large = null;
        bool ok = Crew.Eventually(() => heap.TryAllocate(3 << 20, out large), TimeSpan.FromSeconds(5));

        Assert.That(ok, Is.True, $"{heap.GetStatistics()}");
        heap.Free(large);
    }

    [Test]
    public void ARequestAboveTheLimit_Fails_AndLeavesNothingCommitted()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 4 * Heaps.MiB);
        long before = heap.GetStatistics().CommittedBytes;

        Assert.That(() => { heap.Allocate(5 << 20); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(heap.TryAllocate(1 << 30, out _), Is.False);

        // A little metadata may stay.
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThanOrEqualTo(before + (64 * Heaps.KiB)));
    }

    [Test]
    public void ThreadsAtTheLimit_OnlyEverSeeFalse_AndTheLimitIsKept()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 8 * Heaps.MiB);
        Crew.Run(4, owner =>
        {
            Random random = new(owner);
            List<(nint Block, nuint Size)> live = [];
            for (int i = 0; i < 30_000; i++)
            {
                nuint size = (nuint)random.Next(1, random.Next(10) == 0 ? 300_000 : 4000);
                if (heap.TryAllocate(size, out void* block))
                {
                    BlockPattern.Fill(block, Math.Min(size, 256), owner, (nint)block);
                    live.Add(((nint)block, size));
                }

                if (live.Count > 0 && (block == null || random.Next(3) == 0))
                {
                    int at = random.Next(live.Count);
                    (nint old, nuint oldSize) = live[at];
                    Assert.That(BlockPattern.FirstMismatch((void*)old, Math.Min(oldSize, 256), owner, old), Is.EqualTo(-1));
                    heap.Free((void*)old);
                    live[at] = live[^1];
                    live.RemoveAt(live.Count - 1);
                }
            }

            live.ForEach(entry => heap.Free((void*)entry.Block));
        });

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().PeakCommittedBytes, Is.LessThanOrEqualTo(8 * Heaps.MiB));
    }

    private static void CacheBlocksOfEveryClass(NativeHeap heap)
    {
        nint[] blocks = new nint[16];
        foreach (nuint size in Samples.ClassSizes(heap, 32_768))
        {
            int got = heap.AllocateMany(size, blocks);
            heap.FreeMany(blocks.AsSpan(0, got));
        }
    }

    private static void FillAndFree(NativeHeap heap, nuint size)
    {
        List<nint> live = [];
        while (heap.TryAllocate(size, out void* block))
        {
            live.Add((nint)block);
        }

        Assert.That(live, Is.Not.Empty);
        live.ForEach(block => heap.Free((void*)block));
    }
}
