using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Without checks: what reaches a slab is still reported, and no misuse ruins the heap.</summary>
[TestFixture]
public sealed unsafe class UncheckedHeapTests
{
    [TestCase(8)]
    [TestCase(64)]
    [TestCase(4096)]
    public void DoubleFree_ThatReachesTheSlab_IsReported(int size)
    {
        using Caught caught = new(CheckLevel.None);
        void* anchor = caught.Heap.Allocate((nuint)size);
        void* block = caught.Heap.Allocate((nuint)size);
        caught.Heap.Free(block);
        Swallow(() => caught.Heap.Free(block));
        caught.Heap.Trim();

        Assert.That(caught.Heap.GetStatistics().Misuses, Is.EqualTo(1));
        Assert.That(caught.Events, Has.Count.EqualTo(1));
        Assert.That(caught.Events.First().Kind, Is.EqualTo(MisuseKind.DoubleFree));
        Assert.That(caught.Events.First().Address, Is.EqualTo((nuint)block));
        Assert.That(caught.Events.First().HeapName, Is.EqualTo("test"));
        caught.Heap.Free(anchor);
        caught.StillUsable();
    }

    [Test]
    public void DoubleFreeOfALargeBlock_IsCaughtAtOnce()
    {
        using Caught caught = new(CheckLevel.None);
        void* block = caught.Heap.Allocate(3_000_000);
        caught.Heap.Free(block);
        caught.Offence(heap => heap.Free(block), MisuseKind.DoubleFree, MisuseKind.ForeignPointer);
        caught.StillUsable();
    }

    [Test]
    public void DoubleFreesByTwoThreads_AreReportedWhenBothCachesAreFlushed()
    {
        using Caught caught = new(CheckLevel.None);
        void* anchor = caught.Heap.Allocate(64);
        void* block = caught.Heap.Allocate(64);
        caught.Heap.Free(block);
        Crew.RunOne(() => Swallow(() => caught.Heap.Free(block)));
        bool reported = Crew.Eventually(
            () =>
            {
                caught.Heap.Tick();
                caught.Heap.Trim();
                return caught.Heap.GetStatistics().Misuses == 1;
            },
            TimeSpan.FromSeconds(5));
        Assert.That(reported, Is.True, "the dead thread's copy of the block never reached the slab");
        caught.Heap.Free(anchor);
        caught.StillUsable();
    }

    [Test]
    public void HundredDoubleFrees_AreReportedHundredTimes()
    {
        using Caught caught = new(CheckLevel.None);
        nint[] blocks = new nint[100];
        void* anchor = caught.Heap.Allocate(64);
        caught.Heap.AllocateMany(64, blocks);
        caught.Heap.FreeMany(blocks);
        Swallow(() => caught.Heap.FreeMany(blocks));
        caught.Heap.Trim();
        Assert.That(caught.Heap.GetStatistics().Misuses, Is.EqualTo(100));
        Assert.That(caught.Events.Select(e => e.Address).Order(), Is.EqualTo(blocks.Select(b => (nuint)b).Order()));
        caught.Heap.Free(anchor);
        caught.StillUsable();
    }

    [Test]
    public void ForeignPointer_ThrowsAndTheHeapStaysUsable()
    {
        using Caught caught = new(CheckLevel.None);
        for (int i = 0; i < 1000; i++)
        {
            caught.Offence(heap => heap.Free((void*)(0x1000 + (i * 16))), MisuseKind.ForeignPointer);
        }

        Assert.That(caught.Heap.GetStatistics().Misuses, Is.EqualTo(1000));
        caught.StillUsable();
        Books.BalanceEmpty(caught.Heap);
    }

    [Test]
    public void PointerIntoTheReservationNeverHandedOut_IsForeign()
    {
        using Caught caught = new(CheckLevel.None);
        byte* block = (byte*)caught.Heap.Allocate(64);
        caught.Offence(heap => heap.Free(block + (1L << 30)), MisuseKind.ForeignPointer);
        caught.Offence(heap => heap.Free(block + (1L << 26)), MisuseKind.ForeignPointer);
        Assert.That(caught.Heap.Owns(block + (1L << 30)), Is.False);
        caught.Heap.Free(block);
        caught.StillUsable();
    }

    [Test]
    public void AThrowingEventHandler_DoesNotReplaceTheMisuse()
    {
        using NativeHeap heap = Heaps.Quiet();
        int raised = 0;
        heap.MisuseDetected += _ =>
        {
            raised++;
            throw new FormatException("a bad handler");
        };
        Assert.That(() => { heap.Free((void*)16); }, Throws.TypeOf<HeapMisuseException>());
        Assert.That(raised, Is.EqualTo(1));
        heap.Free(heap.Allocate(64));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void AHandlerThatUsesTheHeap_Works()
    {
        using NativeHeap heap = Heaps.Quiet();
        heap.MisuseDetected += _ => heap.Free(heap.Allocate(100));
        Assert.That(() => { heap.Free((void*)16); }, Throws.TypeOf<HeapMisuseException>());
        void* block = heap.Allocate(64);
        heap.Free(block);
        heap.Free(block);
        heap.Trim();
        Assert.That(heap.GetStatistics().Misuses, Is.EqualTo(2));
    }

    [Test]
    public void AHandlerThatTrims_InTheMiddleOfAFree_LosesNothing()
    {
        // The double free is found when a full magazine goes to the slabs, in the middle of somebody's Free.
        using NativeHeap heap = Heaps.Quiet();
        int raised = 0;
        heap.MisuseDetected += _ =>
        {
            raised++;
            heap.Trim();
        };
        nint[] blocks = new nint[6000];
        for (int round = 0; round < 5; round++)
        {
            Assert.That(heap.AllocateMany(1024, blocks), Is.EqualTo(blocks.Length));
            void* twice = heap.Allocate(1024);
            heap.Free(twice);
            heap.Free(twice);
            heap.FreeMany(blocks);
            heap.Trim();
            Books.BalanceEmpty(heap, $"round {round}");
            Assert.That(heap.AllocateMany(1024, blocks), Is.EqualTo(blocks.Length));
            Assert.That(blocks.Distinct().Count(), Is.EqualTo(blocks.Length), "a block was handed out twice");
            heap.FreeMany(blocks);
        }

        Assert.That(raised, Is.EqualTo(5));
        Assert.That(heap.GetStatistics().Misuses, Is.EqualTo(5));
    }

    private static void Swallow(Action action)
    {
        try
        {
            action();
        }
        catch (HeapMisuseException)
        {
            // Found earlier than promised.
        }
    }
}
