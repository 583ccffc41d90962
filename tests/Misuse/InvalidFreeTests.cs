using System.Runtime.InteropServices;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Caught by: foreign pointers by every level; interior ones by Basic and Full.</summary>
[TestFixture(CheckLevel.None)]
[TestFixture(CheckLevel.Basic)]
[TestFixture(CheckLevel.Full)]
public sealed unsafe class InvalidFreeTests(CheckLevel checks)
{
    private static readonly long[] s_wild = [1, 8, 16, 4096, 0x7FFF_FFFF_F000, -1, -16, long.MinValue];

    [Test]
    public void WildAddress([ValueSource(nameof(s_wild))] long address)
    {
        using Caught caught = new(checks);
        caught.Heap.Free(caught.Heap.Allocate(64));
        MisuseReport report = caught.Offence(heap => heap.Free((void*)address), MisuseKind.ForeignPointer, MisuseKind.MisalignedPointer);
        Assert.That(report.Address, Is.EqualTo((nuint)address));
        caught.StillUsable();
    }

    [Test]
    public void WildAddress_ByEveryWayOfFreeing()
    {
        using Caught caught = new(checks);
        caught.Offence(heap => heap.FreeSized((void*)16, 64), MisuseKind.ForeignPointer);
        caught.Offence(heap => heap.Reallocate((void*)16, 64), MisuseKind.ForeignPointer);
        caught.Offence(heap => heap.ReallocateAligned((void*)16, 64, 64), MisuseKind.ForeignPointer);
        caught.Offence(
            heap =>
            {
                using HeapThread handle = heap.OpenThread();
                handle.Free((void*)16);
            },
            MisuseKind.ForeignPointer);
        caught.Offence(
            heap =>
            {
                using HeapThread handle = heap.OpenThread();
                handle.FreeSized((void*)16, 64);
            },
            MisuseKind.ForeignPointer);
        caught.StillUsable();
    }

    [Test]
    public void StackAddress()
    {
        using Caught caught = new(checks);
        long* onStack = stackalloc long[64];
        caught.Offence(heap => heap.Free(onStack), MisuseKind.ForeignPointer);
        caught.Offence(heap => heap.Free(onStack + 1), MisuseKind.ForeignPointer, MisuseKind.MisalignedPointer);
        caught.StillUsable();
    }

    [Test]
    public void ManagedArrayAddress()
    {
        using Caught caught = new(checks);
        byte[] array = GC.AllocateArray<byte>(1000, pinned: true);
        byte* address = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
        caught.Offence(heap => heap.Free(address), MisuseKind.ForeignPointer, MisuseKind.MisalignedPointer);
        caught.StillUsable();
    }

    [Test]
    public void NativeMemoryAddress()
    {
        using Caught caught = new(checks);
        void* block = NativeMemory.Alloc(100);
        caught.Offence(heap => heap.Free(block), MisuseKind.ForeignPointer);
        NativeMemory.Free(block);
        caught.StillUsable();
    }

    [Test]
    public void BlockOfAnotherHeap([Values(64, 4096, 262_144, 1_200_000)] int size)
    {
        using Caught caught = new(checks);
        using Caught other = new(checks);
        void* block = other.Heap.Allocate((nuint)size);
        caught.Offence(heap => heap.Free(block), MisuseKind.ForeignPointer);
        other.Heap.Free(block);
        Assert.That(other.Events, Is.Empty);
        caught.StillUsable();
    }

    private static IEnumerable<TestCaseData> Offsets()
    {
        foreach (int size in (int[])[8, 64, 4096, 262_144, 1_200_000])
        {
            foreach (long offset in (long[])[1, 8, 16, 4096, 16_384, 1L << 30, -16])
            {
                yield return new TestCaseData(size, offset);
            }
        }
    }

    [TestCaseSource(nameof(Offsets))]
    public void OffsetFromALiveBlock(int size, long offset)
    {
        if (checks == CheckLevel.None && offset != 1L << 30)
        {
            // Not promised without checks: such a pointer looks like a block of its slab. It must not crash, either.
            SurvivesOffset(size, offset);
            return;
        }

        using Caught caught = new(checks);
        byte* block = (byte*)caught.Heap.Allocate((nuint)size);
        caught.Offence(heap => heap.Free(block + offset), MisuseKind.MisalignedPointer, MisuseKind.ForeignPointer, MisuseKind.DoubleFree);
        Assert.That(caught.Heap.GetStatistics().LiveBlocks(), Is.EqualTo(1));
        caught.Heap.Free(block);
        caught.StillUsable();
    }

    [Test]
    public void DistinctMistakes_HaveDistinctMessages()
    {
        if (checks == CheckLevel.None)
        {
            using Caught lone = new(checks);
            MisuseReport report = lone.Offence(heap => heap.Free((void*)0xABCD000), MisuseKind.ForeignPointer);
            Assert.That(report.Message, Does.Contain("abcd000").IgnoreCase);
            return;
        }

        using Caught caught = new(checks);
        byte* block = (byte*)caught.Heap.Allocate(64);
        byte* freed = (byte*)caught.Heap.Allocate(64);
        caught.Heap.Free(freed);
        string[] messages =
        [
            caught.Offence(heap => heap.Free((void*)4096), MisuseKind.ForeignPointer).Message,
            caught.Offence(heap => heap.Free(block + 1), MisuseKind.MisalignedPointer).Message,
            caught.Offence(heap => heap.Free(freed), MisuseKind.DoubleFree).Message,
            caught.Offence(heap => heap.FreeSized(block, 3000), MisuseKind.WrongSize).Message,
        ];
        Assert.That(messages.Select(WithoutDigits), Is.Unique);

        static string WithoutDigits(string message) => string.Concat(message.Where(c => !char.IsAsciiHexDigit(c)));
    }

    private static void SurvivesOffset(int size, long offset)
    {
        using Caught caught = new(CheckLevel.None);
        byte* block = (byte*)caught.Heap.Allocate((nuint)size);
        try
        {
            caught.Heap.Free(block + offset);
        }
        catch (HeapMisuseException)
        {
            // Better still.
        }

        caught.Heap.Free(block);
        caught.Heap.Trim();
        Assert.That(caught.Heap.Checks, Is.EqualTo(CheckLevel.None));
        Assert.That(() => { caught.Heap.Free(caught.Heap.Allocate(2 << 20)); }, Throws.Nothing);
    }
}
