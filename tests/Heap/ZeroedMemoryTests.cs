using MagAlloc.Platform;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Large dirty memory is zeroed by giving its pages back: what is not touched takes no memory.</summary>
[TestFixture]
[NonParallelizable]
public sealed unsafe class ZeroedMemoryTests
{
    private const int Large = 256 << 20;

    [Test]
    public void LargeDirtyMemory_IsZero_AndNotResident([Values(CheckLevel.None, CheckLevel.Basic)] CheckLevel checks)
    {
        // Not Full: that reads all of a block, and fills all of it when it is freed.
        using NativeHeap heap = Heaps.Quiet(checks);
        byte* dirty = (byte*)heap.Allocate(Large);
        for (int at = 0; at < Large; at += 4096)
        {
            dirty[at] = 1;
        }

        heap.Free(dirty);
        HeapStatistics before = heap.GetStatistics();
        Assert.That(before.DirtyBytes, Is.GreaterThanOrEqualTo(Large), "the premise");

        byte* zeroed = (byte*)heap.AllocateZeroed(Large - 100);

        Assert.That((nint)zeroed, Is.EqualTo((nint)dirty), "the premise: the same memory");
        if (VirtualMemory.DecommitKeepsAccess)
        {
            // Elsewhere (Windows) pages that were given back would have to be committed again, which may be refused: zeroes are written.
            Assert.That(VirtualMemory.ResidentBytes(zeroed, Large), Is.LessThan(1 << 20));
        }

        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.CommittedBytes, Is.EqualTo(before.CommittedBytes), "the pages may be touched, so they are charged");
        Assert.That(s.DecommittedBytes, Is.EqualTo(before.DecommittedBytes));
        for (int at = 0; at < Large - 100; at += 4096)
        {
            Assert.That(*(long*)(zeroed + at), Is.Zero);
        }

        heap.Free(zeroed);
        Books.BalanceEmpty(heap);
    }

    [TestCase(1 << 20)]
    [TestCase(3_000_001)]
    [TestCase(40 << 20)]
    [TestCase(70 << 20)]
    [TestCase((70 << 20) + 5)]
    public void DirtyMemory_IsZeroToItsLastByte(int bytes)
    {
        using NativeHeap heap = Heaps.Quiet();
        void* dirty = heap.Allocate((nuint)bytes);
        BlockPattern.Set(dirty, (nuint)bytes, 0xAB);
        heap.Free(dirty);
        for (int round = 0; round < 2; round++)
        {
            void* zeroed = heap.AllocateZeroed((nuint)bytes);
            Assert.That(BlockPattern.FirstOtherThan(0, zeroed, (nuint)bytes), Is.EqualTo(-1));
            BlockPattern.Set(zeroed, heap.UsableSize(zeroed), 0xCD);
            heap.Free(zeroed);
        }
    }

    [Test]
    public void MemoryThatIsDirtyInParts_IsZero()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] runs = new nint[40];
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i] = (nint)heap.Allocate(5 << 20);
            if (i % 2 == 0)
            {
                BlockPattern.Set((void*)runs[i], 5 << 20, 0xEF);
            }
        }

        heap.FreeMany(runs);
        heap.Tick();
        void* zeroed = heap.AllocateZeroed(190 << 20);
        Assert.That(BlockPattern.FirstOtherThan(0, zeroed, 190 << 20), Is.EqualTo(-1));
        heap.Free(zeroed);
    }
}
