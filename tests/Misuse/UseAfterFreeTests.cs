using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Write after free. Caught by: Full, when the block is about to be reused, at the latest by Trim or Dispose.</summary>
[TestFixture]
public sealed unsafe class UseAfterFreeTests
{
    [Test]
    public void WriteAfterFree_IsFoundOnReuse(
        [Values(64, 1000, 4096)] int size, [Values("first byte", "last byte", "everything", "one bit")] string what)
    {
        using Caught caught = new(CheckLevel.Full);
        byte* block = (byte*)caught.Heap.Allocate((nuint)size);
        BlockPattern.Set(block, (nuint)size, 0x11);
        caught.Heap.Free(block);
        switch (what)
        {
            case "first byte":
                block[0] ^= 0x55;
                break;
            case "last byte":
                block[size - 1] ^= 0x55;
                break;
            case "one bit":
                block[size / 2] ^= 1;
                break;
            default:
                BlockPattern.Set(block, (nuint)size, 0x41);
                break;
        }

        MisuseReport? report = FindByReuse(caught, (nuint)size, 100_000);

        Assert.That(report, Is.Not.Null, "not found within 100,000 reuses");
        Assert.That(report!.Kind, Is.EqualTo(MisuseKind.WriteAfterFree));
        Assert.That(report.Address, Is.EqualTo((nuint)block));
        caught.StillUsable();
    }

    [Test]
    public void WriteAfterFree_NamesBothStacks()
    {
        using Caught caught = new(CheckLevel.Full);
        byte* block = (byte*)caught.Heap.Allocate(64);
        caught.Heap.Free(block);
        block[3] ^= 0x55;
        MisuseReport? report = FindByReuse(caught, 64, 100_000);
        Assert.That(report, Is.Not.Null);
        Assert.That(report!.AllocationStack, Does.Contain(nameof(WriteAfterFree_NamesBothStacks)));
        Assert.That(report.FreeStack, Does.Contain(nameof(WriteAfterFree_NamesBothStacks)));
    }

    [Test]
    public void WriteAfterFree_NeverReused_IsFoundByTrim()
    {
        using Caught caught = new(CheckLevel.Full);
        byte* block = (byte*)caught.Heap.Allocate(64);
        void* anchor = caught.Heap.Allocate(64);
        caught.Heap.Free(block);
        block[3] ^= 0x55;
        caught.Heap.Trim();
        FindByReuse(caught, 64, 5000);
        Assert.That(caught.Events.Select(e => e.Kind), Does.Contain(MisuseKind.WriteAfterFree));
        caught.Heap.Free(anchor);
    }

    [Test]
    public void ReadAfterFree_SeesPoison_NotTheOldContents()
    {
        using Caught caught = new(CheckLevel.Full);
        foreach (int size in (int[])[8, 64, 4096])
        {
            byte* block = (byte*)caught.Heap.Allocate((nuint)size);
            for (int i = 0; i < size; i++)
            {
                block[i] = (byte)(i * 7);
            }

            caught.Heap.Free(block);
            int kept = 0;
            for (int i = 0; i < size; i++)
            {
                kept += block[i] == (byte)(i * 7) ? 1 : 0;
            }

            Assert.That(kept, Is.LessThanOrEqualTo(Math.Max(1, size / 50)), $"size {size}");
        }
    }

    [Test]
    public void Quarantine_DelaysReuse()
    {
        using Caught caught = new(CheckLevel.Full);
        void* first = caught.Heap.Allocate(64);
        caught.Heap.Free(first);
        for (int i = 0; i < 32; i++)
        {
            void* next = caught.Heap.Allocate(64);
            Assert.That(next != first, Is.True, $"a freed block was reused after {i} allocations");
            caught.Heap.Free(next);
        }
    }

    [Test]
    public void UntouchedFreedBlocks_RaiseNoAlarm()
    {
        using Caught caught = new(CheckLevel.Full);
        nint[] blocks = new nint[1000];
        for (int round = 0; round < 20; round++)
        {
            nuint size = (nuint)(1 + (round * 53));
            caught.Heap.AllocateMany(size, blocks);
            foreach (nint block in blocks)
            {
                BlockPattern.Set((void*)block, size, (byte)round);
            }

            caught.Heap.FreeMany(blocks);
            if (round % 5 == 0)
            {
                caught.Heap.Trim();
            }
        }

        Assert.That(caught.Events, Is.Empty);
    }

    [Test]
    public void FullOverwriteAfterFree_ThenManyPairs_HarmsNoChecksHeapsStructure([Values(8, 4096)] int size)
    {
        // Without checks the write goes unseen, but no metadata lives in freed blocks: the heap goes on.
        using Caught caught = new(CheckLevel.None);
        nint[] blocks = new nint[300];
        caught.Heap.AllocateMany((nuint)size, blocks);
        caught.Heap.FreeMany(blocks);
        foreach (nint block in blocks)
        {
            BlockPattern.Set((void*)block, (nuint)size, 0xFF);
        }

        for (int i = 0; i < 262_144; i++)
        {
            caught.Heap.Free(caught.Heap.Allocate((nuint)size));
        }

        caught.StillUsable();
        Books.BalanceEmpty(caught.Heap);
    }

    private static MisuseReport? FindByReuse(Caught caught, nuint size, int tries)
    {
        for (int i = 0; i < tries && caught.Events.Count == 0; i++)
        {
            try
            {
                caught.Heap.Free(caught.Heap.Allocate(size));
            }
            catch (HeapMisuseException e)
            {
                return e.Report;
            }
        }

        return caught.Events.FirstOrDefault();
    }
}
