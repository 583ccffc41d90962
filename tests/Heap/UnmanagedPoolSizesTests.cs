using System.Runtime.CompilerServices;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>Items of 1 to 8,192 bytes, of odd and of round sizes.</summary>
[TestFixture(typeof(byte))]
[TestFixture(typeof(short))]
[TestFixture(typeof(Bytes3))]
[TestFixture(typeof(long))]
[TestFixture(typeof(Guid))]
[TestFixture(typeof(Bytes17))]
[TestFixture(typeof(Bytes24))]
[TestFixture(typeof(Bytes100))]
[TestFixture(typeof(Bytes1000))]
[TestFixture(typeof(Bytes4096))]
[TestFixture(typeof(Bytes5000))]
[TestFixture(typeof(Bytes8192))]
public sealed unsafe class UnmanagedPoolSizesTests<T>
    where T : unmanaged
{
    [Test]
    public void Items_AreDisjointAlignedAndWritable()
    {
        using UnmanagedPool<T> pool = new();
        int count = sizeof(T) < 1000 ? 3000 : 300;
        nuint size = (nuint)sizeof(T);
        nint[] items = new nint[count];
        for (int i = 0; i < count; i++)
        {
            T* item = pool.Rent();
            items[i] = (nint)item;
            nuint alignment = size >= 16 ? 16 : (nuint)1 << (int)Math.Log2(size);
            Assert.That((nuint)item % Math.Min(alignment, 8), Is.EqualTo((nuint)0));
            BlockPattern.Fill(item, size, sizeof(T), i);
        }

        Assert.That(items, Is.Unique);
        for (int i = 0; i < count; i++)
        {
            if (BlockPattern.FirstMismatch((void*)items[i], size, sizeof(T), i) != -1)
            {
                Assert.Fail($"item {i} of {count} was overwritten");
            }

            pool.Return((T*)items[i]);
        }

        HeapStatistics s = pool.GetStatistics();
        Assert.That(s.LiveBlocks(), Is.Zero);
        Books.Balance(s);
    }

    [Test]
    public void TryRent_UnderALimit_EndsInFalse_AndRentInOutOfMemory()
    {
        using UnmanagedPool<T> pool = new(new UnmanagedPoolOptions { ByteLimit = 2 * Heaps.MiB, Reclaim = ReclaimOptions.Manual });
        List<nint> items = [];
        while (items.Count * (long)sizeof(T) <= 2 * Heaps.MiB && pool.TryRent(out T* item))
        {
            items.Add((nint)item);
        }

        Assert.That(items.Count * (long)sizeof(T), Is.LessThanOrEqualTo(2 * Heaps.MiB), "the limit is not kept");
        Assert.That(items, Has.Count.GreaterThan(100));
        Assert.That(() => { pool.Rent(); }, Throws.TypeOf<OutOfMemoryException>());
        items.ForEach(item => pool.Return((T*)item));
        pool.Return(pool.Rent());
        Assert.That(pool.GetStatistics().LiveBlocks(), Is.Zero);
    }
}

[InlineArray(3)]
public struct Bytes3
{
    private byte _first;
}

[InlineArray(17)]
public struct Bytes17
{
    private byte _first;
}

[InlineArray(24)]
public struct Bytes24
{
    private byte _first;
}

[InlineArray(100)]
public struct Bytes100
{
    private byte _first;
}

[InlineArray(1000)]
public struct Bytes1000
{
    private byte _first;
}

[InlineArray(4096)]
public struct Bytes4096
{
    private byte _first;
}

[InlineArray(5000)]
public struct Bytes5000
{
    private byte _first;
}

[InlineArray(8192)]
public struct Bytes8192
{
    private byte _first;
}
