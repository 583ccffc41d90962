using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Sized free with a size of another class. Caught by: Basic and Full.</summary>
[TestFixture(CheckLevel.Basic)]
[TestFixture(CheckLevel.Full)]
public sealed unsafe class WrongSizeTests(CheckLevel checks)
{
    [TestCase(64, 128)]
    [TestCase(128, 64)]
    [TestCase(8, 4096)]
    [TestCase(4096, 8)]
    [TestCase(4096, 262_144)]
    [TestCase(262_144, 4096)]
    [TestCase(262_144, 524_288)]
    [TestCase(1_200_000, 64)]
    [TestCase(1_200_000, 2_400_000)]
    [TestCase(64, 0)]
    public void WrongSize_IsCaught_AndTheBlockStaysLive(int size, int claimed)
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate((nuint)size);
        MisuseReport report = caught.Offence(heap => heap.FreeSized(block, (nuint)claimed), MisuseKind.WrongSize);
        Assert.That(report.Address, Is.EqualTo((nuint)block));
        Assert.That(caught.Heap.GetStatistics().LiveBlocks(), Is.EqualTo(1));
        caught.Heap.FreeSized(block, (nuint)size);
        Assert.That(caught.Heap.GetStatistics().LiveBlocks(), Is.Zero);
        caught.StillUsable();
    }

    [Test]
    public void WrongSize_ThroughTheHandle_IsCaught()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate(64);
        caught.Offence(
            heap =>
            {
                using HeapThread handle = heap.OpenThread();
                handle.FreeSized(block, 1000);
            },
            MisuseKind.WrongSize);
        caught.Heap.Free(block);
    }

    [Test]
    public void NonsenseSizes_AreCaught()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate(64);
        caught.Offence(heap => heap.FreeSized(block, nuint.MaxValue), MisuseKind.WrongSize);
        caught.Offence(heap => heap.FreeSized(block, nuint.MaxValue - 15), MisuseKind.WrongSize);
        caught.Heap.Free(block);
        caught.StillUsable();
    }

    [Test]
    public void TheRightSize_IsAccepted_ForEverySize()
    {
        using Caught caught = new(checks);
        foreach (nuint size in Heap.Support.Samples.BoundarySizes())
        {
            caught.Heap.FreeSized(caught.Heap.Allocate(size), size);
            caught.Heap.FreeSized(caught.Heap.AllocateZeroed(size), size);
            caught.Heap.FreeSized(caught.Heap.Reallocate(caught.Heap.Allocate(10), size), size);
        }

        Assert.That(caught.Events, Is.Empty);
    }
}
