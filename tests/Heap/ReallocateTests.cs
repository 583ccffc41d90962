using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class ReallocateTests
{
    [Test]
    public void Null_Allocates()
    {
        using NativeHeap heap = Heaps.Quiet();
        void* block = heap.Reallocate(null, 100);
        Assert.That(heap.UsableSize(block), Is.GreaterThanOrEqualTo((nuint)100));
        Assert.That(heap.GetStatistics().LiveBlocks(), Is.EqualTo(1));
        heap.Free(block);
    }

    [Test]
    public void SizeZero_LeavesTheSmallestValidBlock()
    {
        using NativeHeap heap = Heaps.Quiet();
        foreach (nuint size in (nuint[])[1, 16, 1000, 40_000, 1 << 20])
        {
            void* block = heap.Reallocate(heap.Allocate(size), 0);
            Assert.That((nint)block, Is.Not.EqualTo((nint)0));
            Assert.That(heap.Owns(block), Is.True);
            Assert.That(heap.GetStatistics().LiveBlocks(), Is.EqualTo(1), $"from {size}");
            heap.Free(block);
        }

        Books.BalanceEmpty(heap);
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void ContentsSurvive_AcrossEveryClassBoundary(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        using NativeHeap plain = Heaps.Quiet(); // full checks know no rounding, so they do not show the classes
        List<nuint> classes = Samples.ClassSizes(plain, 300_000);
        Assert.That(classes, Has.Count.GreaterThan(10));
        for (int i = 0; i + 1 < classes.Count; i++)
        {
            foreach (nuint from in (nuint[])[classes[i] - 1, classes[i], classes[i] + 1])
            {
                foreach (nuint to in (nuint[])[classes[i] - 1, classes[i], classes[i] + 1, classes[i + 1], classes[i] / 2, classes[i] * 2])
                {
                    Move(heap, from, to);
                }
            }
        }

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void ContentsSurvive_BetweenEverySampleOfSizes()
    {
        using NativeHeap heap = Heaps.Quiet();
        nuint[] sizes = [1, 15, 16, 17, 100, 1024, 5000, 32_768, 32_769, 65_536, 65_537, 200_000, 1 << 20, 5 << 20];
        foreach (nuint from in sizes)
        {
            foreach (nuint to in sizes)
            {
                Move(heap, from, to);
            }
        }

        Books.BalanceEmpty(heap);
    }

    [Test]
    public void OneByteMoreEachTime_KeepsTheWholeContents()
    {
        using NativeHeap heap = Heaps.Quiet();
        byte* block = null;
        for (int size = 1; size <= 20_000; size++)
        {
            block = (byte*)heap.Reallocate(block, (nuint)size);
            block[size - 1] = (byte)((size * 31) >> 3);
        }

        for (int size = 1; size <= 20_000; size++)
        {
            if (block[size - 1] != (byte)((size * 31) >> 3))
            {
                Assert.Fail($"byte {size - 1} is lost");
            }
        }

        heap.Free(block);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void AFailedReallocation_LeavesTheBlockAsItWas()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 8 * Heaps.MiB);
        foreach (nuint size in (nuint[])[100, 200_000])
        {
            void* block = heap.Allocate(size);
            BlockPattern.Fill(block, size, 5, 5);
            Assert.That(() => { heap.Reallocate(block, 64 << 20); }, Throws.TypeOf<OutOfMemoryException>());
            Assert.That(() => { heap.Reallocate(block, nuint.MaxValue - 1); }, Throws.TypeOf<OutOfMemoryException>());
            Assert.That(() => { heap.ReallocateAligned(block, 64 << 20, 4096); }, Throws.TypeOf<OutOfMemoryException>());
            Assert.That(BlockPattern.FirstMismatch(block, size, 5, 5), Is.EqualTo(-1));
            Assert.That(heap.GetStatistics().LiveBlocks(), Is.EqualTo(1));
            heap.Free(block);
        }

        Books.BalanceEmpty(heap);
    }

    private static void Move(NativeHeap heap, nuint from, nuint to)
    {
        void* block = heap.Allocate(from);
        BlockPattern.Fill(block, from, 9, (long)from);
        void* moved = heap.Reallocate(block, to);
        if (heap.UsableSize(moved) < to || ((nuint)moved & 15) != 0)
        {
            Assert.Fail($"{from} -> {to}: 0x{(nuint)moved:x}, usable {heap.UsableSize(moved)}");
        }

        nuint kept = Math.Min(from, to);
        kept = kept == from ? kept : kept / 8 * 8; // a truncated pattern is checked in whole words
        long at = BlockPattern.FirstMismatch(moved, kept, 9, (long)from);
        if (at != -1)
        {
            Assert.Fail($"{from} -> {to}: contents differ at {at}");
        }

        BlockPattern.Fill(moved, to, 10, (long)to);
        heap.Free(moved);
    }
}
