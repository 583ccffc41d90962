using System.Buffers;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class NativeMemoryPoolTests
{
    private NativeHeap _heap = null!;
    private NativeMemoryPool _pool = null!;

    [SetUp]
    public void CreatePool()
    {
        _heap = Heaps.Quiet(CheckLevel.Basic);
        _pool = new NativeMemoryPool(_heap);
    }

    [TearDown]
    public void DisposePool()
    {
        _pool.Dispose();
        _heap.Dispose();
    }

    [TestCase(1)]
    [TestCase(16)]
    [TestCase(100)]
    [TestCase(4096)]
    [TestCase(65_537)]
    [TestCase(10_000_000)]
    public void Rent_GivesAtLeastWhatWasAskedFor(int size)
    {
        using IMemoryOwner<byte> owner = _pool.Rent(size);
        Assert.That(owner.Memory.Length, Is.GreaterThanOrEqualTo(size));
        Span<byte> span = owner.Memory.Span;
        span.Fill(0xAB);
        Assert.That(span.IndexOfAnyExcept((byte)0xAB), Is.EqualTo(-1));
        Assert.That(_heap.GetStatistics().LiveBlocks(), Is.EqualTo(1));
    }

    [Test]
    public void Rent_WithoutASize_GivesAUsefulBuffer()
    {
        using IMemoryOwner<byte> owner = _pool.Rent();
        using IMemoryOwner<byte> explicitly = _pool.Rent(-1);
        Assert.That(owner.Memory.Length, Is.GreaterThanOrEqualTo(1));
        Assert.That(explicitly.Memory.Length, Is.EqualTo(owner.Memory.Length));
    }

    [Test]
    public void Rent_OfZeroBytes_IsLegal()
    {
        using IMemoryOwner<byte> owner = _pool.Rent(0);
        Assert.That(owner.Memory.Length, Is.GreaterThanOrEqualTo(0));
    }

    [TestCase(-2)]
    [TestCase(int.MinValue)]
    public void Rent_OfNonsense_IsRefused(int size) =>
        Assert.That(() => _pool.Rent(size), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Rent_OfMoreThanTheHeapMayHold_IsOutOfMemory()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 4 * Heaps.MiB);
        using NativeMemoryPool pool = new(heap);
        Assert.That(() => pool.Rent(8 << 20), Throws.TypeOf<OutOfMemoryException>());
        using IMemoryOwner<byte> owner = pool.Rent(1 << 20);
        Assert.That(owner.Memory.Length, Is.GreaterThanOrEqualTo(1 << 20));
    }

    [Test]
    public void MaxBufferSize_IsNotLessThanTheSharedPoolsOrAtLeastAGigabyte() =>
        Assert.That(_pool.MaxBufferSize, Is.GreaterThanOrEqualTo(1 << 30));

    [Test]
    public void Dispose_OfAnOwner_ReturnsTheBlockOnce()
    {
        IMemoryOwner<byte> first = _pool.Rent(100);
        IMemoryOwner<byte> second = _pool.Rent(100);
        first.Dispose();
        first.Dispose();
        first.Dispose();
        Assert.That(_heap.GetStatistics().LiveBlocks(), Is.EqualTo(1));

        using IMemoryOwner<byte> third = _pool.Rent(100);
        using IMemoryOwner<byte> fourth = _pool.Rent(100);
        first.Dispose();
        Assert.That(_heap.GetStatistics().LiveBlocks(), Is.EqualTo(3));
        third.Memory.Span.Fill(3);
        fourth.Memory.Span.Fill(4);
        Assert.That(third.Memory.Span.IndexOfAnyExcept((byte)3), Is.EqualTo(-1));
        second.Dispose();
        Assert.That(_heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void Dispose_OfAnOwnerFromManyThreads_ReturnsTheBlockOnce()
    {
        for (int i = 0; i < 50; i++)
        {
            IMemoryOwner<byte> owner = _pool.Rent(100);
            Crew.Run(4, _ => owner.Dispose());
        }

        Assert.That(_heap.GetStatistics().LiveBlocks(), Is.Zero);
        Assert.That(_heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void Memory_AfterDispose_IsRefused()
    {
        IMemoryOwner<byte> owner = _pool.Rent(100);
        Memory<byte> kept = owner.Memory;
        owner.Dispose();
        Assert.That(() => owner.Memory, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => kept.Span.Length, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => { kept.Pin().Dispose(); }, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Pin_GivesTheNativeAddress()
    {
        using IMemoryOwner<byte> owner = _pool.Rent(1000);
        using MemoryHandle whole = owner.Memory.Pin();
        Assert.That(_heap.Owns(whole.Pointer), Is.True);
        ((byte*)whole.Pointer)[7] = 77;
        Assert.That(owner.Memory.Span[7], Is.EqualTo(77));

        using MemoryHandle slice = owner.Memory[10..].Pin();
        Assert.That((nint)slice.Pointer, Is.EqualTo((nint)whole.Pointer + 10));
    }

    [Test]
    public void Slices_ShareTheMemory_AndStayInBounds()
    {
        using IMemoryOwner<byte> owner = _pool.Rent(256);
        owner.Memory.Span.Clear();
        owner.Memory.Slice(16, 16).Span.Fill(9);
        Assert.That(owner.Memory.Span[..16].IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
        Assert.That(owner.Memory.Span.Slice(16, 16).IndexOfAnyExcept((byte)9), Is.EqualTo(-1));
        Assert.That(() => owner.Memory[(owner.Memory.Length + 1)..], Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void DisposedPool_RefusesRent_ButTakesItsBuffersBack()
    {
        NativeMemoryPool pool = new(_heap);
        IMemoryOwner<byte> owner = pool.Rent(100);
        pool.Dispose();
        pool.Dispose();
        Assert.That(() => pool.Rent(100), Throws.TypeOf<ObjectDisposedException>());
        owner.Memory.Span.Fill(1);
        owner.Dispose();
        Assert.That(_heap.GetStatistics().LiveBlocks(), Is.Zero);
        _heap.Free(_heap.Allocate(64));
    }

    [Test]
    public void ManyOwners_OnManyThreads_KeepTheirContents()
    {
        Crew.Run(4, seed =>
        {
            Random random = new(seed);
            Queue<(IMemoryOwner<byte> Owner, byte Mark)> live = new();
            for (int i = 0; i < 3000; i++)
            {
                IMemoryOwner<byte> owner = _pool.Rent(random.Next(1, 2000));
                byte mark = (byte)random.Next();
                owner.Memory.Span.Fill(mark);
                live.Enqueue((owner, mark));
                if (live.Count > 50)
                {
                    (IMemoryOwner<byte> old, byte expected) = live.Dequeue();
                    Assert.That(old.Memory.Span.IndexOfAnyExcept(expected), Is.EqualTo(-1));
                    old.Dispose();
                }
            }

            foreach ((IMemoryOwner<byte> owner, _) in live)
            {
                owner.Dispose();
            }
        });
        Assert.That(_heap.GetStatistics().LiveBlocks(), Is.Zero);
    }

    [Test]
    public void Shared_IsBackedByTheSharedHeap()
    {
        using IMemoryOwner<byte> owner = NativeMemoryPool.Shared.Rent(5000);
        using MemoryHandle handle = owner.Memory.Pin();
        Assert.That(NativeHeap.Shared.Owns(handle.Pointer), Is.True);
        NativeMemoryPool again = NativeMemoryPool.Shared;
        Assert.That(NativeMemoryPool.Shared, Is.SameAs(again));
    }

    [Test]
    public void NullHeap_IsRefused() => Assert.That(() => new NativeMemoryPool(null!), Throws.TypeOf<ArgumentNullException>());
}
