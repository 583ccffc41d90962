using System.Buffers;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Ends;

/// <summary>Memory{T} is a safe type: what is taken of it after the heap's end is refused, and what is pinned stays mapped.</summary>
[TestFixture]
public sealed unsafe class BuffersOfADisposedHeapTests
{
    [Test]
    public void SpanAndPin_OfAnOwnerWhoseHeapIsDisposed_AreRefused(
        [Values] CheckLevel checks, [Values(1, 4096, 100_000, 10_000_000)] int bytes)
    {
        NativeHeap heap = Heaps.Quiet(checks);
        using NativeMemoryPool pool = new(heap);
        IMemoryOwner<byte> owner = pool.Rent(bytes);
        Memory<byte> memory = owner.Memory;
        memory.Span.Fill(1);
        heap.Dispose();
        Assert.That(() => memory.Span.Length, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => { memory.Pin(); }, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => memory.Slice(1).Span.Length, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(owner.Dispose, Throws.Nothing);
        Assert.That(owner.Dispose, Throws.Nothing);
        Assert.That(() => pool.Rent(bytes), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void APinnedBuffer_StaysMappedOverADisposal([Values] CheckLevel checks, [Values(100, 10_000_000)] int bytes)
    {
        NativeHeap heap = Heaps.Quiet(checks);
        using NativeMemoryPool pool = new(heap);
        IMemoryOwner<byte> owner = pool.Rent(bytes);
        owner.Memory.Span.Fill(7);
        MemoryHandle pinned = owner.Memory.Pin();
        MemoryHandle again = owner.Memory.Pin();
        long addresses = ProcessState.VirtualBytes;
        heap.Dispose();
        ((byte*)pinned.Pointer)[bytes - 1] = 1;
        Assert.That(((byte*)pinned.Pointer)[0], Is.Zero);
        pinned.Dispose();
        pinned.Dispose();
        Assert.That(((byte*)again.Pointer)[bytes - 1], Is.EqualTo(1));
        owner.Dispose();
        again.Dispose();
        Assert.That(addresses - ProcessState.VirtualBytes, Is.GreaterThan(7 * Heaps.GiB), "unmapped with the last pin");
    }

    [Test]
    public void Unpin_MoreOftenThanPinned_DoesNothing()
    {
        using NativeHeap heap = Heaps.Quiet();
        using NativeMemoryPool pool = new(heap);
        using IMemoryOwner<byte> owner = pool.Rent(100);
        var manager = (MemoryManager<byte>)owner;
        for (int i = 0; i < 10; i++)
        {
            manager.Unpin();
        }

        using MemoryHandle pinned = owner.Memory.Pin();
        *(byte*)pinned.Pointer = 1;
        Assert.That(owner.Memory.Span[0], Is.EqualTo(1));
    }

    [Test]
    public void PinsThatRaceWithADisposal_KeepTheirBufferOrAreRefused()
    {
        for (int round = 0; round < 100; round++)
        {
            NativeHeap heap = Heaps.Quiet();
            using NativeMemoryPool pool = new(heap);
            IMemoryOwner<byte> owner = pool.Rent(5000);
            Crew.Handle crew = Crew.Start(3, _ =>
            {
                try
                {
                    while (true)
                    {
                        using MemoryHandle pinned = owner.Memory.Pin();
                        ((byte*)pinned.Pointer)[4999]++;
                    }
                }
                catch (ObjectDisposedException)
                {
                    // The end.
                }
            });
            Thread.SpinWait(round * 500);
            heap.Dispose();
            Crew.Finish(crew);
            owner.Dispose();
        }
    }
}
