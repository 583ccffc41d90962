using System.Runtime.InteropServices;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Size 0, null, count * size and bad alignments mean what they mean to <see cref="NativeMemory"/>.</summary>
[TestFixture]
public sealed unsafe class SizeAndNullTests
{
    private NativeHeap _heap = null!;

    [SetUp]
    public void CreateHeap() => _heap = Heaps.Quiet();

    [TearDown]
    public void DisposeHeap() => _heap.Dispose();

    [Test]
    public void SizeZero_IsAValidUniquePointer_ByEveryWayOfAsking()
    {
        nint[] blocks =
        [
            (nint)_heap.Allocate(0),
            (nint)_heap.Allocate(0, 8),
            (nint)_heap.Allocate(8, 0),
            (nint)_heap.AllocateZeroed(0),
            (nint)_heap.AllocateZeroed(0, 0),
            (nint)_heap.AllocateAligned(0, 64),
            (nint)_heap.Reallocate(null, 0),
            (nint)_heap.ReallocateAligned(null, 0, 64),
        ];

        Assert.That(blocks, Has.None.EqualTo((nint)0));
        Assert.That(blocks, Is.Unique);
        Assert.That(_heap.GetStatistics().LiveBlocks(), Is.EqualTo(blocks.Length));
        foreach (nint block in blocks)
        {
            _heap.Free((void*)block);
        }

        Books.BalanceEmpty(_heap);
    }

    [Test]
    public void FreeOfNull_DoesNothing()
    {
        _heap.Free(null);
        _heap.FreeSized(null, 64);

        HeapStatistics s = _heap.GetStatistics();
        Assert.That(s.LiveBlocks(), Is.Zero);
        Assert.That(s.CachedBlocks, Is.Zero);
        Assert.That(s.Misuses, Is.Zero);
    }

    [Test]
    public void Null_HasNoUsableSizeAndNoOwner()
    {
        Assert.That(_heap.UsableSize(null), Is.EqualTo((nuint)0));
        Assert.That(_heap.Owns(null), Is.False);
    }

    [Test]
    public void Owns_TellsOwnBlocksFromForeignOnes()
    {
        using NativeHeap other = Heaps.Quiet();
        void* small = _heap.Allocate(100);
        void* large = _heap.Allocate(2 << 20);
        void* foreign = other.Allocate(100);
        void* libc = NativeMemory.Alloc(100);
        int onStack = 0;

        Assert.That(_heap.Owns(small), Is.True);
        Assert.That(_heap.Owns(large), Is.True);
        Assert.That(_heap.Owns(foreign), Is.False);
        Assert.That(other.Owns(small), Is.False);
        Assert.That(_heap.Owns(libc), Is.False);
        Assert.That(_heap.Owns(&onStack), Is.False);
        Assert.That(_heap.Owns((void*)1), Is.False);
        Assert.That(_heap.Owns((void*)nuint.MaxValue), Is.False);

        NativeMemory.Free(libc);
        other.Free(foreign);
        _heap.Free(large);
        _heap.Free(small);
    }

    [Test]
    public void ElementCountTimesSize_AllocatesTheProduct()
    {
        void* block = _heap.Allocate(25, 40);
        Assert.That(_heap.UsableSize(block), Is.GreaterThanOrEqualTo((nuint)1000));
        BlockPattern.Fill(block, 1000, 1, 1);
        Assert.That(BlockPattern.FirstMismatch(block, 1000, 1, 1), Is.EqualTo(-1));
        _heap.FreeSized(block, 1000);

        void* zeroed = _heap.AllocateZeroed(25, 40);
        Assert.That(BlockPattern.FirstOtherThan(0, zeroed, 1000), Is.EqualTo(-1));
        _heap.Free(zeroed);
    }

    private static readonly nuint s_half = (nuint.MaxValue / 2) + 1;

    private static TestCaseData[] ImpossibleRequests() =>
    [
        Case("size 2^64 - 1", h => h.Allocate(nuint.MaxValue), () => NativeMemory.Alloc(nuint.MaxValue)),
        Case("zeroed size 2^64 - 1", h => h.AllocateZeroed(nuint.MaxValue), () => NativeMemory.AllocZeroed(nuint.MaxValue)),
        Case("count * size = 2^64", h => h.Allocate(s_half, 2), () => NativeMemory.Alloc(s_half, 2)),
        Case("count * size = 2^64 + 16", h => h.Allocate((s_half / 8) + 1, 16), () => NativeMemory.Alloc((s_half / 8) + 1, 16)),
        Case("zeroed count * size = 2^64", h => h.AllocateZeroed(s_half, 2), () => NativeMemory.AllocZeroed(s_half, 2)),
        Case("zeroed max * max", h => h.AllocateZeroed(nuint.MaxValue, nuint.MaxValue),
            () => NativeMemory.AllocZeroed(nuint.MaxValue, nuint.MaxValue)),
        Case("aligned size 2^64 - 1", h => h.AllocateAligned(nuint.MaxValue, 64),
            () => NativeMemory.AlignedAlloc(nuint.MaxValue, 64)),
        Case("realloc of null to 2^64 - 1", h => h.Reallocate(null, nuint.MaxValue),
            () => NativeMemory.Realloc(null, nuint.MaxValue)),
        Case("aligned to 0", h => h.AllocateAligned(64, 0), () => NativeMemory.AlignedAlloc(64, 0)),
        Case("aligned to 3", h => h.AllocateAligned(64, 3), () => NativeMemory.AlignedAlloc(64, 3)),
        Case("aligned to 48", h => h.AllocateAligned(64, 48), () => NativeMemory.AlignedAlloc(64, 48)),
        Case("aligned to 2^64 - 1", h => h.AllocateAligned(64, nuint.MaxValue),
            () => NativeMemory.AlignedAlloc(64, nuint.MaxValue)),
        Case("realloc aligned to 24", h => h.ReallocateAligned(null, 64, 24),
            () => NativeMemory.AlignedRealloc(null, 64, 24)),
    ];

    private static TestCaseData Case(string name, HeapCall heap, LibraryCall library) =>
        new TestCaseData(heap, library).SetArgDisplayNames(name);

    [TestCaseSource(nameof(ImpossibleRequests))]
    public void ImpossibleRequest_ThrowsWhatNativeMemoryThrows(HeapCall ours, LibraryCall theirs)
    {
        Exception? expected = Thrown(() => theirs());
        Exception? actual = Thrown(() => ours(_heap));

        Assert.That(expected, Is.Not.Null);
        Assert.That(actual, Is.InstanceOf(expected!.GetType()));
        Books.BalanceEmpty(_heap, "after the refusal");
        _heap.Free(_heap.Allocate(64));
    }

    [Test]
    public void TryAllocate_OfAnImpossibleSize_IsFalseAndNull()
    {
        void* block = (void*)1;
        Assert.That(_heap.TryAllocate(nuint.MaxValue, out block), Is.False);
        Assert.That((nint)block, Is.EqualTo((nint)0));
    }

    [Test]
    public void Name_AndChecks_AreThoseAskedFor()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "textures", Checks = CheckLevel.Basic, ReservedBytes = Heaps.GiB });
        using NativeHeap plain = new();

        Assert.That(heap.Name, Is.EqualTo("textures"));
        Assert.That(heap.Checks, Is.EqualTo(CheckLevel.Basic));
        Assert.That(plain.Name, Is.EqualTo("heap"));
        Assert.That(plain.Checks, Is.EqualTo(CheckLevel.None));
    }

    private static Exception? Thrown(Action call)
    {
        try
        {
            call();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    public delegate void* HeapCall(NativeHeap heap);

    public delegate void* LibraryCall();
}
