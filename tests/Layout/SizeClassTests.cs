using MagAlloc.Slabs;

namespace MagAlloc.Tests.Layout;

[TestFixture]
public sealed class SizeClassTests
{
    private const int SmallestSlab = 8;

    [Test]
    public void Every_size_maps_to_the_smallest_class_that_holds_it()
    {
        for (int size = 1; size <= SizeClasses.LargestBlock; size++)
        {
            int code = SizeClasses.CodeOf((nuint)size - 1);
            if (code < 1 || code > SizeClasses.Count || SizeClasses.SizeOf(code) < size || (code > 1 && SizeClasses.SizeOf(code - 1) >= size))
            {
                Assert.Fail($"{size} bytes map to class {code}");
            }
        }
    }

    [Test]
    public void Size_and_code_are_inverse_and_classes_ascend()
    {
        for (int code = 1; code <= SizeClasses.Count; code++)
        {
            int size = SizeClasses.SizeOf(code);

            Assert.That(SizeClasses.CodeOf((nuint)size - 1), Is.EqualTo(code));
            Assert.That(size % SizeClasses.Granule, Is.Zero);
            Assert.That(code == 1 || size > SizeClasses.SizeOf(code - 1), $"class {code}");
        }

        Assert.That(SizeClasses.SizeOf(SizeClasses.Count), Is.EqualTo(SizeClasses.LargestBlock));
        Assert.That(SizeClasses.SizeOf(SizeClasses.LastOfMany), Is.EqualTo(12 * 1024));
    }

    [Test]
    public void Rounding_up_wastes_at_most_an_eighth_above_128_bytes()
    {
        for (int size = 129; size <= SizeClasses.LargestBlock; size++)
        {
            int block = SizeClasses.SizeOf(SizeClasses.CodeOf((nuint)size - 1));
            if ((block - size) * 8 > size || (block - size) * 9 > block)
            {
                Assert.Fail($"{size} bytes get a block of {block}");
            }
        }
    }

    [Test]
    public void An_aligned_class_holds_the_size_at_the_alignment()
    {
        for (nuint alignment = 1; alignment <= 1 << Arena.ChunkShift; alignment *= 2)
        {
            for (nuint size = 1; size <= SizeClasses.LargestBlock; size += size < 1024 ? 7u : 997u)
            {
                int code = SizeClasses.CodeOfAligned(size, alignment);
                if (code != 0 && ((nuint)SizeClasses.SizeOf(code) < size || (nuint)SizeClasses.SizeOf(code) % alignment != 0))
                {
                    Assert.Fail($"{size} bytes at {alignment} map to class {code}");
                }
            }
        }
    }

    [Test]
    public void The_index_of_a_block_is_exact_at_every_boundary_of_every_class()
    {
        for (int code = 1; code <= SizeClasses.Count; code++)
        {
            RequireExact(new SlabClass(SizeClasses.SizeOf(code), SmallestSlab));
        }
    }

    [Test]
    public void The_index_of_a_block_is_exact_for_every_size_a_pool_may_have()
    {
        for (int bytes = 8; bytes <= SizeClasses.LargestBlock; bytes += bytes < 8192 ? 8 : 4096 + 8)
        {
            RequireExact(new SlabClass(bytes, 1));
            RequireExact(new SlabClass(bytes, SmallestSlab));
        }
    }

    [Test]
    public void A_slab_holds_its_blocks_and_no_more_than_its_bitmap()
    {
        for (int code = 1; code <= SizeClasses.Count; code++)
        {
            var slab = new SlabClass(SizeClasses.SizeOf(code), SmallestSlab);

            Assert.That(slab.Blocks, Is.InRange(slab.BlockBytes > 256 * 1024 ? 1 : SmallestSlab, Arena.MaxBlocks));
            Assert.That((long)slab.Blocks * slab.BlockBytes, Is.LessThanOrEqualTo((long)slab.Chunks << Arena.ChunkShift));
            Assert.That(System.Numerics.BitOperations.IsPow2(slab.Chunks));
        }
    }

    private static void RequireExact(SlabClass slab)
    {
        for (int index = 0; index < slab.Blocks; index++)
        {
            nuint start = (nuint)index * (nuint)slab.BlockBytes;
            if (slab.IndexOf(start) != index
                || slab.IndexOf(start + 1) != index
                || slab.IndexOf(start + (nuint)slab.BlockBytes - 1) != index
                || (index > 0 && slab.IndexOf(start - 1) != index - 1))
            {
                Assert.Fail($"blocks of {slab.BlockBytes} bytes: block {index}");
            }
        }

        nuint end = (nuint)slab.Chunks << Arena.ChunkShift;
        Assert.That(slab.IndexOf(end - 1), Is.EqualTo((int)((end - 1) / (nuint)slab.BlockBytes)), $"the tail of a slab of {slab.BlockBytes}");
    }
}
