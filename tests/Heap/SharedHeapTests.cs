using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class SharedHeapTests
{
    [Test]
    public void Shared_IsOneHeapForAll()
    {
        NativeHeap heap = NativeHeap.Shared;
        NativeHeap? seen = null;
        Crew.RunOne(() => seen = NativeHeap.Shared);

        Assert.That(seen, Is.SameAs(heap));
        Assert.That(heap.Checks, Is.EqualTo(CheckLevel.None));
    }

    [Test]
    public void Shared_CannotBeDisposed_AndStaysUsable()
    {
        void* block = NativeHeap.Shared.Allocate(64);
        BlockPattern.Fill(block, 64, 1, 1);

        Assert.That(NativeHeap.Shared.Dispose, Throws.TypeOf<InvalidOperationException>());

        Assert.That(BlockPattern.FirstMismatch(block, 64, 1, 1), Is.EqualTo(-1));
        NativeHeap.Shared.Free(block);
        NativeHeap.Shared.Free(NativeHeap.Shared.Allocate(100_000));
    }

    [Test]
    public void Shared_RefusesBlocksOfAnotherHeap()
    {
        using NativeHeap heap = Heaps.Quiet();
        void* block = heap.Allocate(64);

        Assert.That(() => { NativeHeap.Shared.Free(block); }, Throws.TypeOf<HeapMisuseException>());

        heap.Free(block);
    }
}
