using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Free chunks stay committed for the next user, within limits: the peak, the byte limit, and time.</summary>
[TestFixture]
public sealed unsafe class DirtyMemoryTests
{
    private const int Runs = 32;
    private const int RunBytes = 2 << 20;

    [Test]
    public void ARunFreedAndAllocatedAgain_CostsNoDecommit()
    {
        using NativeHeap heap = Heaps.Quiet();
        heap.Free(heap.Allocate(RunBytes));
        HeapStatistics start = heap.GetStatistics();
        Assert.That(start.DirtyBytes, Is.EqualTo(RunBytes));
        for (int i = 0; i < 100; i++)
        {
            heap.Free(heap.Allocate(RunBytes));
        }

        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.DecommittedBytes, Is.EqualTo(start.DecommittedBytes));
        Assert.That(s.CommittedBytes, Is.EqualTo(start.CommittedBytes));
    }

    /// <summary>What lies idle is reused, or given up, before the committed bytes rise above what they ever were.</summary>
    [Test]
    public void IdleMemory_RaisesThePeakByItsShareOnly()
    {
        using NativeHeap heap = Heaps.Quiet();
        FreeAll(heap, AllocateRuns(heap, Runs, RunBytes));
        long peak = heap.GetStatistics().PeakCommittedBytes;

        // Runs of another length do not fit into the holes that every second one leaves, and classes want single chunks.
        nint[] odd = AllocateRuns(heap, Runs, 1_400_000);
        for (int i = 0; i < odd.Length; i += 2)
        {
            heap.Free((void*)odd[i]);
            odd[i] = 0;
        }

        nint[] longer = AllocateRuns(heap, 10, 3_000_000);
        nint[] small = new nint[2_000];
        heap.AllocateMany(4096, small);
        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.PeakCommittedBytes, Is.LessThanOrEqualTo(peak + (peak / 4) + Heaps.MiB), $"{s}");
        FreeAll(heap, odd);
        FreeAll(heap, longer);
        FreeAll(heap, small);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void UnderALimit_IdleMemoryMakesRoom()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 32 * Heaps.MiB);
        FreeAll(heap, AllocateRuns(heap, 14, RunBytes));
        nint[] small = new nint[6_000];
        Assert.That(heap.AllocateMany(4096, small), Is.EqualTo(small.Length), "28 of 32 MiB lay idle");
        FreeAll(heap, small);
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void LeftAlone_ItGoesByHalves_AfterABreath()
    {
        using NativeHeap heap = Heaps.Quiet();
        FreeAll(heap, AllocateRuns(heap, Runs, RunBytes));
        long start = heap.GetStatistics().DirtyBytes;
        Assert.That(start, Is.EqualTo(Runs * RunBytes));
        heap.Tick();
        heap.Tick();
        Assert.That(heap.GetStatistics().DirtyBytes, Is.EqualTo(start), "a breath");

        long before = start;
        int passes = 0;
        for (long now = start; now != 0; before = now)
        {
            heap.Tick();
            now = heap.GetStatistics().DirtyBytes;
            Assert.That(before - now, Is.LessThanOrEqualTo((before / 2) + Heaps.MiB), "not all at once");
            Assert.That(++passes, Is.LessThan(20), "and not for ever");
        }

        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThan(Heaps.MiB));
    }

    [Test]
    public void ATrim_TakesAllOfItAtOnce()
    {
        using NativeHeap heap = Heaps.Quiet();
        FreeAll(heap, AllocateRuns(heap, Runs, RunBytes));
        Assert.That(heap.Trim(), Is.GreaterThanOrEqualTo(Runs << 20));
        Assert.That(heap.GetStatistics().DirtyBytes, Is.Zero);
    }

    [Test]
    public void AnAlignedSingleChunk_IsAlignedAlsoWhenADirtyOneLiesThere()
    {
        using NativeHeap heap = Heaps.Quiet();
        FreeAll(heap, AllocateRuns(heap, 3, 300_000));
        void* block = heap.AllocateAligned(50_000, 1 << 20);
        Assert.That((nuint)block % (1 << 20), Is.EqualTo((nuint)0));
        heap.Free(block);
    }

    private static nint[] AllocateRuns(NativeHeap heap, int count, int bytes)
    {
        nint[] runs = new nint[count];
        Assert.That(heap.AllocateMany((nuint)bytes, runs), Is.EqualTo(count));
        return runs;
    }

    private static void FreeAll(NativeHeap heap, nint[] blocks) => heap.FreeMany(blocks);
}
