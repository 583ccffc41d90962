using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class HeapThreadTests
{
    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void Handle_AllocatesAndFreesLikeTheHeap(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        using (HeapThread handle = heap.OpenThread())
        {
            foreach (nuint size in Samples.BoundarySizes(200_000))
            {
                void* plain = handle.Allocate(size);
                void* zeroed = handle.AllocateZeroed(size);
                Assert.That(handle.TryAllocate(size, out void* tried), Is.True);
                Assert.That(BlockPattern.FirstOtherThan(0, zeroed, size), Is.EqualTo(-1));
                Assert.That(((nuint)plain | (nuint)zeroed | (nuint)tried) & 15, Is.EqualTo((nuint)0));
                BlockPattern.Fill(plain, size, 1, 1);
                BlockPattern.Fill(zeroed, size, 1, 2);
                BlockPattern.Fill(tried, size, 1, 3);
                Assert.That(BlockPattern.FirstMismatch(plain, size, 1, 1), Is.EqualTo(-1));
                handle.Free(plain);
                handle.FreeSized(zeroed, size);
                heap.Free(tried);
            }
        }

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void BlocksOfTheHeap_AreFreedThroughTheHandle_AndTheOtherWayRound()
    {
        using NativeHeap heap = Heaps.Quiet(CheckLevel.Basic);
        HeapThread handle = heap.OpenThread();
        for (int i = 0; i < 1000; i++)
        {
            handle.Free(heap.Allocate(80));
            heap.Free(handle.Allocate(80));
        }

        handle.Dispose();
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void TwoHandlesOfOneThread_ShareOneCache()
    {
        using NativeHeap heap = Heaps.Quiet();
        HeapThread first = heap.OpenThread();
        HeapThread second = heap.OpenThread();
        void* a = first.Allocate(64);
        void* b = second.Allocate(64);
        Assert.That(a != b, Is.True);
        first.Dispose();
        second.Free(a);
        second.Free(b);
        second.Dispose();

        Assert.That(heap.GetStatistics().Threads, Is.EqualTo(1));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void AHandleDisposed_CanBeTakenAgain()
    {
        using NativeHeap heap = Heaps.Quiet();
        for (int i = 0; i < 1000; i++)
        {
            using HeapThread handle = heap.OpenThread();
            handle.Free(handle.Allocate(32));
        }

        Books.BalanceEmpty(heap);
    }

    [Test]
    public void FreeOfNull_DoesNothing()
    {
        using NativeHeap heap = Heaps.Quiet();
        using HeapThread handle = heap.OpenThread();
        handle.Free(null);
        handle.FreeSized(null, 64);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void ImpossibleSizes_AreRefusedAsByTheHeap()
    {
        using NativeHeap heap = Heaps.Quiet();
        Assert.That(
            () =>
            {
                using HeapThread handle = heap.OpenThread();
                handle.Allocate(nuint.MaxValue);
            },
            Throws.TypeOf<OutOfMemoryException>());
        using HeapThread again = heap.OpenThread();
        Assert.That(again.TryAllocate(nuint.MaxValue - 1, out void* block), Is.False);
        Assert.That((long)block, Is.Zero);
    }
}
