using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Zero sizes, zeroing, huge sizes, reuse and growth of the security sets. Every level.</summary>
[TestFixture(CheckLevel.None)]
[TestFixture(CheckLevel.Basic)]
[TestFixture(CheckLevel.Full)]
public sealed unsafe class SizesAndContentsTests(CheckLevel checks)
{
    [Test]
    public void ZeroSizeBlocks_AreDistinct_AndNeverALater64ByteBlock()
    {
        using Caught caught = new(checks);
        HashSet<nint> zero = [];
        for (int i = 0; i < 512; i++)
        {
            Assert.That(zero.Add((nint)caught.Heap.Allocate(0)), Is.True);
        }

        for (int i = 0; i < 512; i++)
        {
            Assert.That(zero, Does.Not.Contain((nint)caught.Heap.Allocate(64)));
        }
    }

    [Test]
    public void ZeroSizeBlock_CanBeFreed_AlsoBySize()
    {
        using Caught caught = new(checks);
        caught.Heap.Free(caught.Heap.Allocate(0));
        caught.Heap.FreeSized(caught.Heap.Allocate(0), 0);
        caught.Heap.FreeSized(caught.Heap.AllocateZeroed(0), 0);
        Assert.That(caught.Events, Is.Empty);
        Books.BalanceEmpty(caught.Heap);
    }

    [Test]
    public void WriteThroughAZeroSizeBlock_IsCaughtByFull()
    {
        using Caught caught = new(checks);
        byte* block = (byte*)caught.Heap.Allocate(0);
        byte* neighbour = (byte*)caught.Heap.Allocate(0);
        Assert.That(neighbour != block, Is.True);
        if (checks == CheckLevel.Full)
        {
            block[0] ^= 0x41;
            caught.Offence(heap => heap.Free(block), MisuseKind.RedZone);
        }
        else
        {
            // A zero-size block is a block of the smallest class: the write stays inside it.
            Assert.That(caught.Heap.UsableSize(block), Is.GreaterThanOrEqualTo((nuint)1));
            byte before = neighbour[0];
            block[0] ^= 0x41;
            Assert.That(neighbour[0], Is.EqualTo(before));
            caught.Heap.Free(block);
        }
    }

    [Test]
    public void FreshMemory_AndZeroedMemoryAfterFourThousandDirtyBlocks([Values(8, 256, 4096)] int size)
    {
        using Caught caught = new(checks);
        nint[] blocks = new nint[4096];
        caught.Heap.AllocateMany((nuint)size, blocks);
        foreach (nint block in blocks)
        {
            BlockPattern.Set((void*)block, (nuint)size, 0xDD);
        }

        caught.Heap.FreeMany(blocks);
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (nint)caught.Heap.AllocateZeroed((nuint)size);
            if (BlockPattern.FirstOtherThan(0, (void*)blocks[i], (nuint)size) != -1)
            {
                Assert.Fail($"zeroed block {i} of {size} bytes is dirty");
            }
        }

        caught.Heap.FreeMany(blocks);
        Assert.That(caught.Events, Is.Empty);
    }

    private static readonly ulong[] s_huge =
    [
        ulong.MaxValue, ulong.MaxValue - 1, ulong.MaxValue - 15, ulong.MaxValue - 16, ulong.MaxValue - 31, ulong.MaxValue - 4095,
        ulong.MaxValue - 65_534, ulong.MaxValue - 65_535, ulong.MaxValue - 65_536, ulong.MaxValue - 131_072,
        (ulong)long.MaxValue + 1, (ulong)long.MaxValue, 1UL << 62, 1UL << 48, 1UL << 47, 1UL << 40,
    ];

    [TestCaseSource(nameof(s_huge))]
    public void HugeSize_IsOutOfMemory_ByEveryWayOfAsking(ulong bytes)
    {
        using Caught caught = new(checks);
        nuint size = (nuint)bytes;
        void* block = caught.Heap.Allocate(100);
        BlockPattern.Fill(block, 100, 1, 1);

        Assert.That(() => { caught.Heap.Allocate(size); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(() => { caught.Heap.AllocateZeroed(size); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(() => { caught.Heap.Allocate(1, size); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(() => { caught.Heap.Allocate(size, 16); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(() => { caught.Heap.AllocateZeroed(size, 16); }, Throws.TypeOf<OutOfMemoryException>());
        foreach (nuint alignment in (nuint[])[1, 16, 64, 4096, 65_536, 1 << 20])
        {
            Assert.That(() => { caught.Heap.AllocateAligned(size, alignment); }, Throws.TypeOf<OutOfMemoryException>());
            Assert.That(() => { caught.Heap.ReallocateAligned(block, size, alignment); }, Throws.TypeOf<OutOfMemoryException>());
        }

        Assert.That(() => { caught.Heap.Reallocate(block, size); }, Throws.TypeOf<OutOfMemoryException>());
        Assert.That(caught.Heap.TryAllocate(size, out _), Is.False);
        Assert.That(caught.Heap.AllocateMany(size, new nint[4]), Is.Zero);
        Assert.That(BlockPattern.FirstMismatch(block, 100, 1, 1), Is.EqualTo(-1));
        caught.Heap.Free(block);
        Books.BalanceEmpty(caught.Heap);
        caught.StillUsable();
    }

    [Test]
    public void HugeAlignment_IsOutOfMemory()
    {
        using Caught caught = new(checks);
        foreach (int shift in (int[])[36, 40, 47, 62, 63])
        {
            Assert.That(() => { caught.Heap.AllocateAligned(64, (nuint)1 << shift); }, Throws.TypeOf<OutOfMemoryException>(), $"2^{shift}");
        }

        caught.StillUsable();
    }

    [Test]
    public void GrowthByHalf_From256KiB_TwentyTimes_KeepsTheContents()
    {
        // Only every page's first word is written, and the limit keeps the test polite: the last sizes are refused.
        using NativeHeap heap = Heaps.Quiet(checks, byteLimit: 256 * Heaps.MiB);
        nuint size = 256 << 10;
        byte* block = (byte*)heap.Allocate(size);
        Mark(block, 0, size);
        int grown = 0;
        for (int i = 0; i < 20; i++)
        {
            nuint next = size + (size / 2);
            byte* moved;
            try
            {
                moved = (byte*)heap.Reallocate(block, next);
            }
            catch (OutOfMemoryException)
            {
                break;
            }

            grown++;
            Verify(moved, size);
            Mark(moved, size, next);
            block = moved;
            size = next;
        }

        Verify(block, size);
        Assert.That(grown, Is.GreaterThanOrEqualTo(12));
        heap.Free(block);
        Books.BalanceEmpty(heap);

        static void Mark(byte* block, nuint from, nuint to)
        {
            for (nuint at = (from + 4095) / 4096 * 4096; at + 8 <= to; at += 4096)
            {
                *(nuint*)(block + at) = at * 31;
            }
        }

        static void Verify(byte* block, nuint size)
        {
            for (nuint at = 0; at + 8 <= size; at += 4096)
            {
                if (*(nuint*)(block + at) != at * 31)
                {
                    Assert.Fail($"contents lost at {at} of {size}");
                }
            }
        }
    }

    [Test]
    public void Realloc_From8To1024_KeepsTheContents_AndTheOldBlockIsFree()
    {
        using Caught caught = new(checks);
        for (int i = 0; i < 1000; i++)
        {
            void* block = caught.Heap.Allocate(8);
            BlockPattern.Fill(block, 8, 1, i);
            void* moved = caught.Heap.Reallocate(block, 1024);
            Assert.That(BlockPattern.FirstMismatch(moved, 8, 1, i), Is.EqualTo(-1));
            Assert.That(caught.Heap.GetStatistics().LiveBlocks(), Is.EqualTo(1));
            if (checks != CheckLevel.None && moved != block)
            {
                caught.Offence(heap => heap.Free(block), MisuseKind.DoubleFree, MisuseKind.ForeignPointer);
            }

            caught.Heap.Free(moved);
        }
    }

    [Test]
    public void Realloc_OnAnotherThread_Works()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate(1000);
        BlockPattern.Fill(block, 1000, 1, 1);
        for (nuint size = 2000; size < 500_000; size *= 2)
        {
            nuint wanted = size;
            Crew.RunOne(() => block = caught.Heap.Reallocate(block, wanted));
            Assert.That(BlockPattern.FirstMismatch(block, 1000, 1, 1), Is.EqualTo(-1), $"{size}");
        }

        caught.Heap.Free(block);
        Books.BalanceEmpty(caught.Heap);
    }

    [Test]
    public void TheHeapsMemory_IsNotExecutable([Values(64, 262_144)] int size)
    {
        using Caught caught = new(checks);
        nuint block = (nuint)caught.Heap.Allocate((nuint)size);
        string? mapping = File.ReadLines("/proc/self/maps").FirstOrDefault(line =>
        {
            string[] range = line.Split(' ')[0].Split('-');
            return Convert.ToUInt64(range[0], 16) <= block && block < Convert.ToUInt64(range[1], 16);
        });
        Assert.That(mapping, Is.Not.Null);
        Assert.That(mapping!.Split(' ')[1], Does.StartWith("rw-"));
    }
}
