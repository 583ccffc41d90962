using MagAlloc.Stress.Hammer;

namespace MagAlloc.Tests.Stress;

/// <summary>A hammer run without a finding means something only if a finding would have been made.</summary>
public sealed unsafe class HammerOracleTests
{
    [Test]
    public void AByteChangedInALiveBlock_IsReportedAndEndsTheRun()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        using HammerContext context = new(new HammerOptions { Threads = 1 }, heap);
        BlockOperations operations = new(context, seed: 5);
        operations.ChangeOwner(context.NextOwner());
        LiveBlock block = Allocate(operations, atLeast: 20);

        block.Address[block.Size - 1] ^= 1;
        operations.Free(in block);

        Assert.Multiple(() =>
        {
            Assert.That(context.Log.Corruptions, Is.EqualTo(1));
            Assert.That(context.Stopping, Is.True);
            Assert.That(context.Log.Messages().Single(), Does.Contain($"offset {block.Size - 1}"));
        });
    }

    [Test]
    public void ABlockThatIsNeverFreed_ShowsInTheBooks()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        void* forgotten = heap.Allocate(64);
        heap.Trim();

        Assert.That(HeapBooks.Imbalance(heap.GetStatistics()), Does.Contain("1 blocks leaked"));

        heap.Free(forgotten);
        heap.Trim();
        Assert.That(HeapBooks.Imbalance(heap.GetStatistics()), Is.Null);
    }

    [Test]
    public void Books_MustBalance() =>
        Assert.That(
            HeapBooks.Imbalance(new HeapStatistics { CachedBlocks = 3, FreeBlocks = 4, CapacityBlocks = 8 }),
            Does.Contain("do not balance"));

    [Test]
    public void HandOverSlots_GiveBackWhatLayThere()
    {
        using HandOverSlots slots = new(lanes: 2);
        Parcel* first = Parcel.New();
        Parcel* second = Parcel.New();

        bool empty = slots.Exchange(1, 3, first) is null;
        bool displaced = slots.Exchange(1, 3, second) == first;
        bool taken = slots.TakeAny() == second;
        bool drained = slots.TakeAny() is null;
        Parcel.Delete(first);
        Parcel.Delete(second);

        Assert.That((empty, displaced, taken, drained), Is.EqualTo((true, true, true, true)));
    }

    private static LiveBlock Allocate(BlockOperations operations, nuint atLeast)
    {
        while (true)
        {
            Assert.That(operations.TryAllocate(out LiveBlock block), Is.True);
            if (block.Size >= atLeast)
                return block;
            operations.Free(in block);
        }
    }
}
