namespace MagAlloc.Tests.Heap;

/// <summary>Large blocks that were freed a moment ago, and who gets them.</summary>
[TestFixture]
public sealed unsafe class RunCacheTests
{
    private const int Mebibyte = 1 << 20;

    [Test]
    public void AFreedBlock_IsTheNextOfAboutItsSize()
    {
        using NativeHeap heap = Make();
        void* first = heap.Allocate(5 * Mebibyte);
        heap.Free(first);
        long committed = heap.GetStatistics().CommittedBytes;
        void* same = heap.Allocate((5 * Mebibyte) - 100_000);
        Assert.That((nuint)same, Is.EqualTo((nuint)first));
        Assert.That(heap.UsableSize(same), Is.GreaterThanOrEqualTo((nuint)((5 * Mebibyte) - 100_000)));
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThanOrEqualTo(committed));
        heap.Free(same);
    }

    /// <summary>Half of it is cut off, and is there for others.</summary>
    [Test]
    public void AShorterBlock_GetsAPart()
    {
        using NativeHeap heap = Make(bytes: 16 * Mebibyte);
        heap.Free(heap.Allocate(12 * Mebibyte));
        void* part = heap.Allocate(7 * Mebibyte);
        void* rest = heap.Allocate(5 * Mebibyte);
        Assert.That(heap.GetStatistics().LargeBlocks, Is.EqualTo(2));
        heap.Free(part);
        heap.Free(rest);
    }

    [Test]
    public void WhereThereIsNoRoom_FreedBlocksMakeIt()
    {
        using NativeHeap heap = Make(bytes: 64 * Mebibyte);
        void* one = heap.Allocate(3 * Mebibyte);
        heap.Free(heap.Allocate(20 * Mebibyte));
        void* large = heap.Allocate(40 * Mebibyte);
        heap.Free(large);
        void* larger = heap.Allocate(50 * Mebibyte);
        heap.Free(one);
        heap.Free(larger);
    }

    [Test]
    public void UnderALimit_FreedBlocksAreNoReasonToRefuse()
    {
        using NativeHeap heap = Make(limit: 32 * Mebibyte);
        heap.Free(heap.Allocate(20 * Mebibyte));
        heap.Free(heap.Allocate(9 * Mebibyte));
        heap.Free(heap.Allocate(30 * Mebibyte));
    }

    [Test]
    public void GrowthInPlace_TakesWhatWasFreedBehindIt()
    {
        using NativeHeap heap = Make();
        void* first = heap.Allocate(2 * Mebibyte);
        void* behind = heap.Allocate(2 * Mebibyte);
        Assert.That((nuint)behind, Is.EqualTo((nuint)first + (2 * Mebibyte)), "the premise");
        heap.Free(behind);
        Assert.That((nuint)heap.Reallocate(first, 3 * Mebibyte), Is.EqualTo((nuint)first));
        heap.Free(first);
    }

    [Test]
    public void WhatWasFreed_IsZeroForWhoWantsZeroes()
    {
        using NativeHeap heap = Make();
        byte* first = (byte*)heap.Allocate(2 * Mebibyte);
        new Span<byte>(first, 2 * Mebibyte).Fill(0xAB);
        heap.Free(first);
        byte* zeroed = (byte*)heap.AllocateZeroed(2 * Mebibyte);
        Assert.That((nuint)zeroed, Is.EqualTo((nuint)first), "the premise");
        Assert.That(new Span<byte>(zeroed, 2 * Mebibyte).IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
        heap.Free(zeroed);
    }

    [Test]
    public void AFreedBlock_IsNotFreedTwice()
    {
        using NativeHeap heap = Make();
        byte* block = (byte*)heap.Allocate(2 * Mebibyte);
        heap.Free(block);
        Assert.That(
            () => heap.Free(block),
            Throws.TypeOf<HeapMisuseException>().With.Property(nameof(HeapMisuseException.Kind)).EqualTo(MisuseKind.DoubleFree));
        Assert.That(() => heap.Free(block + 65536), Throws.TypeOf<HeapMisuseException>());
        Assert.That(heap.GetStatistics().LargeBlocks, Is.Zero);
    }

    /// <summary>More than the cache has places: none is lost, none counted twice, and all goes back in time.</summary>
    [Test]
    public void ManyFreedBlocks_GoBackInTime()
    {
        using NativeHeap heap = Make();
        nuint[] blocks = [.. Enumerable.Range(0, 40).Select(i => (nuint)heap.Allocate((nuint)((2 * Mebibyte) + (i * 70_000))))];
        long allocated = heap.GetStatistics().AllocatedBytes;
        Assert.That(allocated, Is.GreaterThan(80 * Mebibyte));
        Array.ForEach(blocks, block => heap.Free((void*)block));
        HeapStatistics freed = heap.GetStatistics();
        Assert.That((freed.AllocatedBytes, freed.LargeBlocks), Is.EqualTo((0L, 0L)));
        Assert.That(freed.DirtyBytes, Is.GreaterThanOrEqualTo(allocated));
        for (int pass = 0; pass < 20; pass++)
        {
            heap.Tick();
        }

        Assert.That(heap.GetStatistics().DirtyBytes, Is.Zero);
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThan(2 * Mebibyte));
    }

    [Test]
    public void AnAlignment_IsKept()
    {
        using NativeHeap heap = Make();
        void* shift = heap.Allocate(Mebibyte + 1);
        void* block = heap.Allocate(3 * Mebibyte);
        heap.Free(block);
        void* aligned = heap.AllocateAligned(3 * Mebibyte, 2 * Mebibyte);
        Assert.That((long)aligned % (2 * Mebibyte), Is.Zero);
        heap.Free(aligned);
        heap.Free(shift);
    }

    private static NativeHeap Make(long bytes = 0, long limit = long.MaxValue)
        => new(new NativeHeapOptions { ReservedBytes = bytes, ByteLimit = limit, Reclaim = new ReclaimOptions { Worker = false } });
}
