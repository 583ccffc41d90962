using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class OptionsTests
{
    private static IEnumerable<TestCaseData> Nonsense()
    {
        yield return Case(nameof(NativeHeapOptions.ByteLimit), "0", () => new() { ByteLimit = 0 });
        yield return Case(nameof(NativeHeapOptions.ByteLimit), "-1", () => new() { ByteLimit = -1 });
        yield return Case(nameof(NativeHeapOptions.ByteLimit), "1 MiB - 1", () => new() { ByteLimit = (1 << 20) - 1 });
        yield return Case(nameof(NativeHeapOptions.ReservedBytes), "-1", () => new() { ReservedBytes = -1 });
        yield return Case(nameof(NativeHeapOptions.ReservedBytes), "1", () => new() { ReservedBytes = 1 });
        yield return Case(nameof(NativeHeapOptions.ReservedBytes), "2^63 - 1", () => new() { ReservedBytes = long.MaxValue });
        yield return Case("Reclaim.Policy", "99", () => new() { Reclaim = new() { Policy = (ReclaimPolicy)99 } });
        yield return Case("Reclaim.Policy", "-1", () => new() { Reclaim = new() { Policy = (ReclaimPolicy)(-1) } });
        yield return Case("Reclaim.Interval", "0", () => new() { Reclaim = new() { Interval = TimeSpan.Zero } });
        yield return Case("Reclaim.Interval", "-1 s", () => new() { Reclaim = new() { Interval = TimeSpan.FromSeconds(-1) } });
        yield return Case("Reclaim.Interval", "max", () => new() { Reclaim = new() { Interval = TimeSpan.MaxValue } });
        yield return Case("Reclaim.Threshold", "-2", () => new() { Reclaim = new() { Threshold = -2 } });
        yield return Case(nameof(NativeHeapOptions.Checks), "77", () => new() { Checks = (CheckLevel)77 });
        yield return Case(nameof(NativeHeapOptions.Checks), "-1", () => new() { Checks = (CheckLevel)(-1) });

        static TestCaseData Case(string property, string value, Func<NativeHeapOptions> options) =>
            new TestCaseData(property, options).SetArgDisplayNames(property, value);
    }

    [TestCaseSource(nameof(Nonsense))]
    public void NonsenseOption_IsRefusedByName(string property, Func<NativeHeapOptions> options)
    {
        // The contract: the heap's constructor refuses it; the property itself may do so earlier.
        ArgumentOutOfRangeException? refusal = Assert.Throws<ArgumentOutOfRangeException>(() => new NativeHeap(options()).Dispose());

        Assert.That(refusal!.ParamName + " " + refusal.Message, Does.Contain(property));
    }

    [Test]
    public void NullOptions_AreRefused() =>
        Assert.That(() => new NativeHeap(null!), Throws.TypeOf<ArgumentNullException>());

    [Test]
    public void TheSmallestByteLimit_IsLegal_AndTheHeapAllocates()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: Heaps.MiB);
        void* block = heap.Allocate(64);
        BlockPattern.Fill(block, 64, 1, 1);
        heap.Free(block);
        Assert.That(heap.GetStatistics().PeakCommittedBytes, Is.LessThanOrEqualTo(Heaps.MiB));
    }

    [Test]
    public void ReservedBytes_BoundWhatCanBeAllocated()
    {
        using NativeHeap heap = new(new NativeHeapOptions { ReservedBytes = 64 * Heaps.MiB, Reclaim = ReclaimOptions.Manual });

        Assert.That(heap.TryAllocate(65 << 20, out _), Is.False);
        void* block = heap.Allocate(32 << 20);
        heap.Free(block);
        Assert.That(heap.GetStatistics().ReservedBytes, Is.InRange(64 * Heaps.MiB, 80 * Heaps.MiB));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void ReservedBytes_ExhaustedByRuns_AreAllUsableAgainAfterFrees()
    {
        using NativeHeap heap = new(new NativeHeapOptions { ReservedBytes = 64 * Heaps.MiB, Reclaim = ReclaimOptions.Manual });
        for (int round = 0; round < 3; round++)
        {
            List<nint> live = [];
            while (heap.TryAllocate((nuint)(1_100_000 + (300_000 * round)), out void* block))
            {
                live.Add((nint)block);
            }

            Assert.That(live.Count * (1_100_000L + (300_000 * round)), Is.GreaterThan(40 * Heaps.MiB), $"round {round}");
            live.ForEach(block => heap.Free((void*)block));
        }

        heap.Free(heap.Allocate(40 << 20));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void ManyHeaps_LiveSideBySide_EachWithItsOwnBlocks()
    {
        NativeHeap[] heaps = [.. Enumerable.Range(0, 32).Select(_ => Heaps.Quiet())];
        nint[] blocks = new nint[heaps.Length];
        for (int i = 0; i < heaps.Length; i++)
        {
            blocks[i] = (nint)heaps[i].Allocate(64);
            BlockPattern.Fill((void*)blocks[i], 64, i, 0);
        }

        for (int i = 0; i < heaps.Length; i++)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)blocks[i], 64, i, 0), Is.EqualTo(-1));
            Assert.That(heaps.Count(heap => heap.Owns((void*)blocks[i])), Is.EqualTo(1));
            Assert.That(heaps[i].GetStatistics().LiveBlocks(), Is.EqualTo(1));
            heaps[i].Free((void*)blocks[i]);
        }

        foreach (NativeHeap heap in heaps)
        {
            Books.BalanceEmpty(heap);
            heap.Dispose();
        }
    }

    [Test]
    public void HeapsComeAndGo_WithoutLeavingAddressSpace()
    {
        Heaps.Quiet().Dispose();
        long before = ProcessState.VirtualBytes;
        for (int i = 0; i < 300; i++)
        {
            using NativeHeap heap = Heaps.Quiet((CheckLevel)(i % 3));
            heap.Free(heap.Allocate(64));
            heap.Allocate(100); // live at Dispose: goes with the heap
        }

        Assert.That(ProcessState.VirtualBytes - before, Is.LessThan(4 * Heaps.GiB), "each heap reserves 8 GiB");
    }
}
