using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Blocks are disjoint, zeroed when asked for, writable up to their usable size, small and large.</summary>
[TestFixture]
public sealed unsafe class BlockTests
{
    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void LiveBlocks_NeverOverlap(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        List<(nuint Start, nuint Size)> live = [];
        foreach (nuint size in Samples.BoundarySizes(1 << 18))
        {
            int count = size < 4096 ? 150 : 5;
            for (int i = 0; i < count; i++)
            {
                void* block = heap.Allocate(size);
                live.Add(((nuint)block, Math.Max(heap.UsableSize(block), 1)));
            }
        }

        live.Sort();
        for (int i = 1; i < live.Count; i++)
        {
            if (live[i - 1].Start + live[i - 1].Size > live[i].Start)
            {
                Assert.Fail($"0x{live[i - 1].Start:x} + {live[i - 1].Size} runs into 0x{live[i].Start:x}");
            }
        }

        foreach ((nuint start, _) in live)
        {
            heap.Free((void*)start);
        }

        Books.BalanceEmpty(heap);
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void AllocateZeroed_IsZero_AfterDirtyReuse(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        foreach (nuint size in Samples.BoundarySizes(1 << 18))
        {
            for (int i = 0; i < 20; i++)
            {
                void* block = heap.AllocateZeroed(size);
                long at = BlockPattern.FirstOtherThan(0, block, size);
                Assert.That(at, Is.EqualTo(-1), $"size {size}, round {i}");
                BlockPattern.Set(block, heap.UsableSize(block), 0xD1);
                heap.Free(block);
            }
        }
    }

    [Test]
    public void AllocateZeroed_IsZero_AfterDirtyMemoryWentBackToTheSystem()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] blocks = new nint[2000];
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < blocks.Length; i++)
            {
                blocks[i] = (nint)heap.AllocateZeroed(1024);
                Assert.That(BlockPattern.FirstOtherThan(0, (void*)blocks[i], 1024), Is.EqualTo(-1));
                BlockPattern.Set((void*)blocks[i], 1024, 0xD2);
            }

            heap.FreeMany(blocks);
            heap.Trim();
        }
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void UsableSize_IsWritableToItsEnd_WithoutTouchingNeighbours(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        List<(nint Block, nuint Usable)> live = [];
        int number = 0;
        foreach (nuint size in Samples.BoundarySizes(1 << 17))
        {
            for (int i = 0; i < 4; i++)
            {
                void* block = heap.Allocate(size);
                nuint usable = heap.UsableSize(block);
                Assert.That(usable, Is.GreaterThanOrEqualTo(size));
                BlockPattern.Fill(block, usable, number, (long)usable);
                live.Add(((nint)block, usable));
                number++;
            }
        }

        for (int i = 0; i < live.Count; i++)
        {
            void* block = (void*)live[i].Block;
            Assert.That(BlockPattern.FirstMismatch(block, live[i].Usable, i, (long)live[i].Usable), Is.EqualTo(-1));
            heap.Free(block);
        }

        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    private static readonly nuint[] s_largeSizes =
    [
        32 << 10, (32 << 10) + 1, 48 << 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 100_000, 128 << 10, 200_001,
        1 << 20, (1 << 20) + 4096, 3 << 20, 8 << 20, (16 << 20) + 1, 64 << 20,
    ];

    [TestCaseSource(nameof(s_largeSizes))]
    public void LargeBlock_IsWritableZeroableAndComesBack(nuint size)
    {
        using NativeHeap heap = Heaps.Quiet();
        byte* first = (byte*)heap.Allocate(size);
        byte* second = (byte*)heap.AllocateZeroed(size);

        Assert.That(first != second, Is.True);
        Assert.That(heap.UsableSize(first), Is.GreaterThanOrEqualTo(size));
        Assert.That(BlockPattern.FirstOtherThan(0, second, size), Is.EqualTo(-1));
        BlockPattern.Fill(first, size, 1, 1);
        BlockPattern.Fill(second, size, 2, 2);
        Assert.That(BlockPattern.FirstMismatch(first, size, 1, 1), Is.EqualTo(-1));
        HeapStatistics busy = heap.GetStatistics();
        Assert.That(busy.LiveBlocks(), Is.EqualTo(2));
        Assert.That(busy.AllocatedBytes, Is.GreaterThanOrEqualTo(2 * (long)size));
        Assert.That(busy.CommittedBytes, Is.GreaterThanOrEqualTo(2 * (long)size));

        heap.Free(first);
        heap.FreeSized(second, size);
        void* again = heap.AllocateZeroed(size);
        Assert.That(BlockPattern.FirstOtherThan(0, again, size), Is.EqualTo(-1), "zeroed after a dirty large block");
        heap.Free(again);
        heap.Trim();
        Books.BalanceEmpty(heap);

        // What stays is metadata, about a hundredth of the address space ever used.
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThanOrEqualTo((Heaps.MiB / 2) + ((long)size / 50)));
    }

    [Test]
    public void ManyLargeBlocks_AreDisjointAndAllComeBack()
    {
        using NativeHeap heap = Heaps.Quiet();
        Random random = new(4711);
        List<(nint Block, nuint Size)> live = [];
        for (int i = 0; i < 2000; i++)
        {
            if (live.Count > 40 || (live.Count > 0 && random.Next(2) == 0))
            {
                int at = random.Next(live.Count);
                (nint block, nuint size) = live[at];
                Assert.That(BlockPattern.FirstMismatch((void*)block, Math.Min(size, 4096), 3, block), Is.EqualTo(-1));
                heap.Free((void*)block);
                live.RemoveAt(at);
            }
            else
            {
                nuint size = (nuint)random.Next(32 << 10, 2 << 20);
                void* block = heap.Allocate(size);
                BlockPattern.Fill(block, Math.Min(size, 4096), 3, (nint)block);
                live.Add(((nint)block, size));
            }
        }

        foreach ((nint block, _) in live)
        {
            heap.Free((void*)block);
        }

        Books.BalanceEmpty(heap);
    }
}
