namespace MagAlloc.Tests.Misuse;

/// <summary>UsableSize of what is not a live block. Caught by: foreign by every level, interior and freed by Basic and Full.</summary>
[TestFixture]
public sealed unsafe class UsableSizeMisuseTests
{
    [Test]
    public void OfAForeignPointer([Values] CheckLevel checks)
    {
        using Caught caught = new(checks);
        long onStack = 0;
        long* address = &onStack;
        caught.Offence(heap => heap.UsableSize((void*)1), MisuseKind.ForeignPointer, MisuseKind.MisalignedPointer);
        caught.Offence(heap => heap.UsableSize(address), MisuseKind.ForeignPointer, MisuseKind.MisalignedPointer);
        using Caught other = new(checks);
        void* theirs = other.Heap.Allocate(64);
        caught.Offence(heap => heap.UsableSize(theirs), MisuseKind.ForeignPointer);
        caught.StillUsable();
    }

    [TestCase(CheckLevel.Basic, 64)]
    [TestCase(CheckLevel.Basic, 262_144)]
    [TestCase(CheckLevel.Basic, 1_200_000)]
    [TestCase(CheckLevel.Full, 64)]
    [TestCase(CheckLevel.Full, 262_144)]
    [TestCase(CheckLevel.Full, 1_200_000)]
    public void OfAnInteriorPointer(CheckLevel checks, int size)
    {
        using Caught caught = new(checks);
        byte* block = (byte*)caught.Heap.Allocate((nuint)size);
        caught.Offence(heap => heap.UsableSize(block + 16), MisuseKind.MisalignedPointer, MisuseKind.ForeignPointer, MisuseKind.DoubleFree);
        caught.Offence(heap => heap.UsableSize(block + 1), MisuseKind.MisalignedPointer, MisuseKind.ForeignPointer);
        Assert.That(caught.Heap.UsableSize(block), Is.GreaterThanOrEqualTo((nuint)size));
        caught.Heap.Free(block);
    }

    [TestCase(CheckLevel.Basic, 64)]
    [TestCase(CheckLevel.Basic, 262_144)]
    [TestCase(CheckLevel.Basic, 1_200_000)]
    [TestCase(CheckLevel.Full, 64)]
    [TestCase(CheckLevel.Full, 262_144)]
    [TestCase(CheckLevel.Full, 1_200_000)]
    public void OfAFreedBlock(CheckLevel checks, int size)
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate((nuint)size);
        caught.Heap.Free(block);
        caught.Offence(heap => heap.UsableSize(block), MisuseKind.DoubleFree, MisuseKind.ForeignPointer);
        caught.StillUsable();
    }
}
