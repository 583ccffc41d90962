using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Invariant 6: no managed byte an operation.</summary>
[TestFixture]
[NonParallelizable]
public sealed unsafe class FastPathAllocationTests
{
    private const int Operations = 100_000;

    [Test]
    public void AllocateAndFree_AllocateNothingManaged()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] live = new nint[512];
        Assert.That(ManagedBytes(() =>
        {
            for (int i = 0; i < Operations; i++)
            {
                ref nint slot = ref live[i & 511];
                heap.Free((void*)slot);
                slot = (nint)heap.Allocate((nuint)(1 + (i * 37 % 4000)));
            }
        }), Is.Zero);
    }

    [Test]
    public void SizedFree_AllocatesNothingManaged()
    {
        using NativeHeap heap = Heaps.Quiet();
        Assert.That(ManagedBytes(() =>
        {
            for (int i = 0; i < Operations; i++)
            {
                heap.FreeSized(heap.Allocate(64), 64);
            }
        }), Is.Zero);
    }

    [Test]
    public void Handle_AllocatesNothingManaged()
    {
        using NativeHeap heap = Heaps.Quiet();
        Assert.That(ManagedBytes(() =>
        {
            using HeapThread handle = heap.OpenThread();
            for (int i = 0; i < Operations; i++)
            {
                void* block = handle.Allocate(100);
                handle.Free(block);
                handle.TryAllocate(200, out block);
                handle.FreeSized(block, 200);
            }
        }), Is.Zero);
    }

    [Test]
    public void OtherOperations_AllocateNothingManaged()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] many = new nint[64];
        Assert.That(ManagedBytes(() =>
        {
            for (int i = 0; i < Operations / 64; i++)
            {
                heap.AllocateMany(48, many);
                heap.FreeMany(many);
                void* block = heap.AllocateZeroed(10, 30);
                block = heap.Reallocate(block, 900);
                heap.UsableSize(block);
                heap.Owns(block);
                heap.Free(block);
                heap.Free(heap.AllocateAligned(100, 128));
                heap.Free(heap.Allocate(100_000));
                heap.TryAllocate(24, out block);
                heap.Free(block);
            }
        }), Is.Zero);
    }

    [Test]
    public void BasicChecks_AllocateNothingManaged()
    {
        using NativeHeap heap = Heaps.Quiet(CheckLevel.Basic);
        Assert.That(ManagedBytes(() =>
        {
            for (int i = 0; i < Operations; i++)
            {
                heap.FreeSized(heap.Allocate(64), 64);
            }
        }), Is.Zero);
    }

    [Test]
    public void Pool_AllocatesNothingManaged()
    {
        using UnmanagedPool<long> pool = new();
        Assert.That(ManagedBytes(() =>
        {
            for (int i = 0; i < Operations; i++)
            {
                pool.Return(pool.Rent());
            }
        }), Is.Zero);
    }

    [Test]
    public void MagazineExchanges_AllocateNothingManaged()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] live = new nint[1000];
        Assert.That(ManagedBytes(() =>
        {
            for (int round = 0; round < Operations / 1000; round++)
            {
                for (int i = 0; i < live.Length; i++)
                {
                    live[i] = (nint)heap.Allocate(64);
                }

                for (int i = 0; i < live.Length; i++)
                {
                    heap.Free((void*)live[i]);
                }
            }
        }), Is.Zero);
        Assert.That(heap.GetStatistics().DepotExchanges, Is.GreaterThan(0), "the premise: the depot was used");
    }

    /// <summary>Managed bytes of one run, after warm-up; the least of three, for the runtime's own allocations are not ours.</summary>
    private static long ManagedBytes(Action body)
    {
        body();
        body();
        long least = long.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            body();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
