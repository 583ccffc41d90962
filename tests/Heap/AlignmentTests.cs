using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class AlignmentTests
{
    [Test]
    public void EverySize_UpTo70000_IsAlignedTo16_AndUsableToItsEnd([Values] CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        nuint step = 1;
        for (nuint size = 0; size <= 70_000; size += step)
        {
            // Full checks are slow and write a call stack for each block: every size up to 4,096, then every ninth.
            step = checks == CheckLevel.Full && size > 4096 ? 9u : 1;
            byte* block = (byte*)heap.Allocate(size);
            nuint usable = heap.UsableSize(block);
            if (((nuint)block & 15) != 0 || usable < size)
            {
                Assert.Fail($"size {size}: block 0x{(nuint)block:x}, usable {usable}");
            }

            if (usable > 0)
            {
                block[0] = 1;
                block[usable - 1] = 2;
            }

            heap.Free(block);
        }

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    public static IEnumerable<int> AlignmentShifts() => Enumerable.Range(0, 21);

    [TestCaseSource(nameof(AlignmentShifts))]
    public void AllocateAligned_IsAMultipleOfTheAlignment(int shift)
    {
        nuint alignment = (nuint)1 << shift;
        using NativeHeap heap = Heaps.Quiet();
        nuint[] sizes = [0, 1, 15, 16, 17, 100, 4096, 5000, 32_767, 32_768, 32_769, 65_536, 100_000, 1 << 20, 3 << 20];
        List<nint> live = [];
        for (int round = 0; round < 3; round++)
        {
            foreach (nuint size in sizes)
            {
                void* block = heap.AllocateAligned(size, alignment);
                live.Add((nint)block);
                Assert.That((nuint)block & (alignment - 1), Is.EqualTo((nuint)0), $"size {size}, alignment {alignment}");
                Assert.That(heap.UsableSize(block), Is.GreaterThanOrEqualTo(size));
                BlockPattern.Fill(block, size, shift, live.Count);
            }
        }

        for (int i = 0; i < live.Count; i++)
        {
            nuint size = sizes[i % sizes.Length];
            Assert.That(BlockPattern.FirstMismatch((void*)live[i], size, shift, i + 1), Is.EqualTo(-1), $"size {size}");
            heap.Free((void*)live[i]);
        }

        Books.BalanceEmpty(heap);
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void AllocateAligned_HoldsUnderEveryCheckLevel(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        for (int shift = 0; shift <= 20; shift++)
        {
            nuint alignment = (nuint)1 << shift;
            foreach (nuint size in (nuint[])[1, 40, 64, 3000, 40_000, 200_000])
            {
                void* block = heap.AllocateAligned(size, alignment);
                Assert.That((nuint)block % alignment, Is.EqualTo((nuint)0), $"size {size}, alignment {alignment}");
                BlockPattern.Fill(block, size, shift, (long)size);
                Assert.That(BlockPattern.FirstMismatch(block, size, shift, (long)size), Is.EqualTo(-1));
                heap.Free(block);
            }
        }

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void ReallocateAligned_KeepsContentsAndAlignment([Values(1, 16, 64, 4096, 65_536, 1 << 20)] int alignment)
    {
        using NativeHeap heap = Heaps.Quiet();
        nuint[] sizes = [10, 100, 64, 5000, 4999, 40_000, 200_000, 70_000, 3000, 16, 1];
        nuint previous = 0;
        byte* block = null;
        for (int i = 0; i < sizes.Length; i++)
        {
            block = (byte*)heap.ReallocateAligned(block, sizes[i], (nuint)alignment);
            Assert.That((nuint)block % (nuint)alignment, Is.EqualTo((nuint)0), $"step {i}");
            Assert.That(heap.UsableSize(block), Is.GreaterThanOrEqualTo(sizes[i]));
            nuint kept = Math.Min(previous, sizes[i]) / 8 * 8;
            Assert.That(BlockPattern.FirstMismatch(block, kept, 7, i - 1), Is.EqualTo(-1), $"step {i}, first {kept} bytes");
            BlockPattern.Fill(block, sizes[i], 7, i);
            previous = sizes[i];
        }

        heap.Free(block);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void ReallocateAligned_ToASmallAlignment_OfAPlainBlock_Works()
    {
        using NativeHeap heap = Heaps.Quiet();
        void* block = heap.Allocate(48);
        BlockPattern.Fill(block, 48, 1, 1);
        block = heap.ReallocateAligned(block, 48, 4096);
        Assert.That((nuint)block % 4096, Is.EqualTo((nuint)0));
        Assert.That(BlockPattern.FirstMismatch(block, 48, 1, 1), Is.EqualTo(-1));
        block = heap.Reallocate(block, 96);
        Assert.That(BlockPattern.FirstMismatch(block, 48, 1, 1), Is.EqualTo(-1));
        heap.Free(block);
        Books.BalanceEmpty(heap);
    }
}
