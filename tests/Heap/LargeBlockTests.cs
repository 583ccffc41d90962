using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Of the classes above 32 KiB a thread keeps one block in all, the last that it freed.</summary>
[TestFixture]
public sealed unsafe class LargeBlockTests
{
    [Test]
    public void TheLastOneFreed_IsHandedOutNext([Values(33_000, 65_536, 100_000, 262_144)] int bytes)
    {
        using NativeHeap heap = Heaps.Quiet();
        void* first = heap.Allocate((nuint)bytes);
        heap.Free(first);
        for (int i = 0; i < 100; i++)
        {
            void* again = heap.Allocate((nuint)bytes);
            Assert.That((nint)again, Is.EqualTo((nint)first));
            heap.Free(again);
        }

        Assert.That(heap.GetStatistics().CachedBlocks, Is.EqualTo(1));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void OfManySizes_ABoundedNumberOfBytesStaysWithTheThread()
    {
        using NativeHeap heap = Heaps.Quiet();
        List<nint> blocks = [];
        for (int bytes = 33_000; bytes <= 262_144; bytes += 3_000)
        {
            blocks.Add((nint)heap.Allocate((nuint)bytes));
            blocks.Add((nint)heap.Allocate((nuint)bytes));
        }

        Random order = new(20261120);
        nint[] shuffled = [.. blocks];
        order.Shuffle(shuffled);
        foreach (nint block in shuffled)
        {
            heap.Free((void*)block);
            Assert.That(heap.GetStatistics().ThreadCachedBytes, Is.InRange(1, 1024 * 1024));
        }

        HeapStatistics full = heap.GetStatistics();
        Assert.That(full.ThreadCachedBytes, Is.GreaterThan(512 * 1024 / 2), "and it keeps some");
        Assert.That(full.DepotCachedBytes, Is.InRange(1, (full.CommittedBytes / 8) + (64 * 1024)));

        Books.BalanceEmpty(heap);
        heap.Trim();
        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.CachedBlocks, Is.Zero, "a trim takes it, too");
        Assert.That(s.CapacityBlocks, Is.Zero, $"and with it its slab: {s}");

        // The place of the block that the trim took must be found again.
        heap.Free(heap.Allocate(40_000));
        heap.Free(heap.Allocate(200_000));
        Assert.That(heap.GetStatistics().CachedBlocks, Is.EqualTo(2));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void ThreadsThatPassThemOn_LoseNone()
    {
        using NativeHeap heap = Heaps.Quiet();
        Crew.Run(4, index =>
        {
            Random random = new(index);
            nint[] mine = new nint[8];
            for (int i = 0; i < 3_000; i++)
            {
                ref nint slot = ref mine[random.Next(mine.Length)];
                heap.Free((void*)slot);
                slot = (nint)heap.Allocate((nuint)random.Next(20_000, 262_145));
                *(int*)slot = i;
            }

            heap.FreeMany(mine);
        });
        Books.BalanceEmpty(heap);
    }
}
