using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Writes past either end, by store and by bulk copy. Caught by: Full, at free.</summary>
[TestFixture]
public sealed unsafe class OverflowTests
{
    private static readonly int[] s_sizes = [1, 8, 24, 100, 4096, 262_144, 300_000, 1_200_000];

    private static readonly int[] s_lengths = [1, 8, 32];

    [Test]
    public void Overflow_IsCaughtAtFree(
        [ValueSource(nameof(s_sizes))] int size, [ValueSource(nameof(s_lengths))] int length, [Values] bool bulk)
    {
        using Caught caught = new(CheckLevel.Full);
        nint[] neighbours = new nint[20];
        caught.Heap.AllocateMany((nuint)size, neighbours);
        byte* block = (byte*)neighbours[10];
        if (bulk)
        {
            new Span<byte>(block, size + length).Fill(0x41);
        }
        else
        {
            for (int i = 0; i < length; i++)
            {
                block[size + i] = 0x41;
            }
        }

        MisuseReport report = caught.Offence(heap => heap.Free(block), MisuseKind.RedZone);

        Assert.That(report.Address, Is.EqualTo((nuint)block));
    }

    [Test]
    public void Underflow_IsCaughtAtFree(
        [ValueSource(nameof(s_sizes))] int size, [ValueSource(nameof(s_lengths))] int length, [Values] bool bulk)
    {
        using Caught caught = new(CheckLevel.Full);
        nint[] neighbours = new nint[20];
        caught.Heap.AllocateMany((nuint)size, neighbours);
        byte* block = (byte*)neighbours[10];
        if (bulk)
        {
            new Span<byte>(block - length, length).Fill(0x41);
        }
        else
        {
            for (int i = 1; i <= length; i++)
            {
                block[-i] = 0x41;
            }
        }

        MisuseReport report = caught.Offence(heap => heap.Free(block), MisuseKind.RedZone);

        Assert.That(report.Address, Is.EqualTo((nuint)block));
    }

    [Test]
    public void WritingAZeroOverTheEnd_IsCaughtToo([ValueSource(nameof(s_sizes))] int size)
    {
        // The off-by-one of C strings.
        using Caught caught = new(CheckLevel.Full);
        byte* block = (byte*)caught.Heap.Allocate((nuint)size);
        block[size] = 0;
        caught.Offence(heap => heap.Free(block), MisuseKind.RedZone);
    }

    [Test]
    public void Overflow_IsCaughtByEveryWayOfFreeing()
    {
        using Caught caught = new(CheckLevel.Full);
        foreach (int way in (int[])[0, 1, 2, 3])
        {
            byte* block = (byte*)caught.Heap.Allocate(40);
            block[40] = 0x41;
            caught.Offence(
                heap =>
                {
                    switch (way)
                    {
                        case 0:
                            heap.FreeSized(block, 40);
                            break;
                        case 1:
                            heap.FreeMany([(nint)block]);
                            break;
                        case 2:
                            heap.Reallocate(block, 400);
                            break;
                        default:
                            using (HeapThread handle = heap.OpenThread())
                            {
                                handle.Free(block);
                            }

                            break;
                    }
                },
                MisuseKind.RedZone);
        }
    }

    [Test]
    public void ReallocateOfAnOverflownBlock_LeavesNoBlockBehind()
    {
        using Caught caught = new(CheckLevel.Full);
        byte* block = (byte*)caught.Heap.Allocate(40);
        block[40] = 0x41;
        caught.Offence(heap => heap.Reallocate(block, 400), MisuseKind.RedZone);

        // The caller got no pointer: either the old block is still live and can be freed, or nothing is.
        long live = caught.Heap.GetStatistics().LiveBlocks();
        try
        {
            caught.Heap.Free(block);
            live--;
        }
        catch (HeapMisuseException)
        {
            // It was freed by the refused call.
        }

        Assert.That(live, Is.Zero, "a block nobody has a pointer to");
    }

    [Test]
    public void OverflowOfAnAlignedBlock_IsCaught([Values(32, 256, 4096)] int alignment)
    {
        using Caught caught = new(CheckLevel.Full);
        byte* block = (byte*)caught.Heap.AllocateAligned(100, (nuint)alignment);
        block[100] = 0x41;
        caught.Offence(heap => heap.Free(block), MisuseKind.RedZone);
    }

    [Test]
    public void TheHeap_StaysUsableAfterAnOverflow()
    {
        using Caught caught = new(CheckLevel.Full);
        byte* block = (byte*)caught.Heap.Allocate(64);
        block[64] = 0x41;
        caught.Offence(heap => heap.Free(block), MisuseKind.RedZone);
        caught.StillUsable();
    }

    [Test]
    public void WritingEveryByteAskedFor_IsNoOverflow([Values] CheckLevel checks)
    {
        using Caught caught = new(checks);
        foreach (int size in s_sizes)
        {
            void* block = caught.Heap.Allocate((nuint)size);
            new Span<byte>(block, size).Fill(0xFF);
            caught.Heap.Free(block);
        }

        Assert.That(caught.Events, Is.Empty);
    }
}
