using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class ManyTests
{
    [Test]
    public void ABurst_IsOfDistinctAlignedWritableBlocks(
        [Values(0, 1, 64, 1000, 32_768, 100_000)] int size,
        [Values(0, 1, 126, 127, 128, 300)] int count,
        [Values] CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        nint[] blocks = new nint[count];

        Assert.That(heap.AllocateMany((nuint)size, blocks), Is.EqualTo(count));

        Assert.That(blocks, Is.Unique);
        Assert.That(heap.GetStatistics().LiveBlocks(), Is.EqualTo(count));
        for (int i = 0; i < count; i++)
        {
            Assert.That((long)blocks[i] & 15, Is.Zero);
            Assert.That((long)blocks[i], Is.Not.Zero);
            BlockPattern.Fill((void*)blocks[i], (nuint)size, i, size);
        }

        for (int i = 0; i < count; i++)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)blocks[i], (nuint)size, i, size), Is.EqualTo(-1));
        }

        heap.FreeMany(blocks);
        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void ABurst_UnderALimit_GetsAsManyAsFit_AndAsManyAgain()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 4 * Heaps.MiB);
        nint[] blocks = new nint[10_000];

        int got = heap.AllocateMany(1024, blocks);

        Assert.That(got, Is.InRange(1000, 4096));
        Assert.That(blocks.AsSpan(0, got).ToArray(), Is.Unique);
        Assert.That(blocks.AsSpan(0, got).ToArray(), Has.None.EqualTo((nint)0));
        Assert.That(heap.GetStatistics().LiveBlocks(), Is.EqualTo(got));
        heap.FreeMany(blocks.AsSpan(0, got));
        Books.BalanceEmpty(heap);
        Assert.That(heap.AllocateMany(1024, blocks.AsSpan(0, got)), Is.EqualTo(got), "as many again");
        heap.FreeMany(blocks.AsSpan(0, got));
    }

    [Test]
    public void ABurstOfFrees_TakesNullsAndBlocksOfEveryClassAndOrigin()
    {
        using NativeHeap heap = Heaps.Quiet(CheckLevel.Basic);
        List<nint> blocks = [];
        foreach (nuint size in Samples.BoundarySizes(1 << 17))
        {
            blocks.Add((nint)heap.Allocate(size));
            blocks.Add(0);
            blocks.Add((nint)heap.AllocateAligned(size, 256));
        }

        heap.FreeMany([.. blocks]);

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }
}
