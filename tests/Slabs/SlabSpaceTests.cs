using MagAlloc.Concurrency;
using MagAlloc.Slabs;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Slabs;

[TestFixture]
public sealed unsafe class SlabSpaceTests
{
    private const int Small = 1;
    private const int Large = 2;

    private readonly CountingSink _misuse = new();
    private BoundedCounter _committed = null!;
    private Arena _arena = null!;
    private SlabSpace _slabs = null!;

    [SetUp]
    public void Build()
    {
        _misuse.Reports.Clear();
        _committed = new BoundedCounter(long.MaxValue);
        _arena = new Arena(8 << 20, _committed, withMarks: false, faults: null);
        _slabs = new SlabSpace(_arena, [new(64, 8), new(48 << 10, 8)], _misuse, initializer: null, faults: null);
    }

    [TearDown]
    public void Release() => _arena.Release();

    [Test]
    public void Blocks_are_distinct_and_are_located_again()
    {
        nuint[] blocks = Take(Small, 3000);

        Assert.That(blocks.Distinct().Count(), Is.EqualTo(3000));
        foreach (nuint block in blocks)
        {
            Assert.That(_slabs.TryLocate(block + 5, out _, out int code, out _, out nuint offset));
            Assert.That(code, Is.EqualTo(Small));
            Assert.That((ulong)offset, Is.EqualTo(5));
        }

        Assert.That(_slabs.Outstanding(Small), Is.EqualTo(3000));
        Give(Small, blocks);
        AssertAllGone();
    }

    [Test]
    public void A_slab_whose_last_block_comes_home_is_retired_and_its_chunks_serve_another_class()
    {
        nuint[] blocks = Take(Large, 8);
        Assert.That(_slabs.Capacity(Large), Is.EqualTo(_slabs.Class(Large).Blocks));
        nuint first = blocks[0];
        Give(Large, blocks);
        AssertAllGone();

        nuint[] other = Take(Small, 1);
        Assert.That((ulong)other[0], Is.EqualTo((ulong)first), "the lowest chunk again");
        Give(Small, other);
    }

    [Test]
    public void A_block_returned_twice_is_reported_and_not_handed_out_twice()
    {
        nuint[] blocks = Take(Small, 2);
        Give(Small, [blocks[0], blocks[0]]);

        Assert.That(_misuse.Reports, Is.EqualTo(new[] { (MisuseKind.DoubleFree, blocks[0]) }));
        Assert.That(Take(Small, 2).Distinct().Count(), Is.EqualTo(2));
    }

    [Test]
    public void Strange_addresses_are_reported_and_left_out()
    {
        nuint[] blocks = Take(Small, 2);
        Give(Small, [blocks[0] + 1, 4096, blocks[0]]);
        Give(Large, [blocks[1]]);

        Assert.That(
            _misuse.Reports.Select(report => report.Kind),
            Is.EquivalentTo(new[] { MisuseKind.MisalignedPointer, MisuseKind.ForeignPointer, MisuseKind.WrongSize }));
        Assert.That(_slabs.Outstanding(Small), Is.EqualTo(1));
    }

    [Test]
    public void A_purge_decommits_what_is_free_and_leaves_what_is_held()
    {
        nuint[] blocks = Take(Large, 8);
        foreach (nuint block in blocks)
        {
            *(long*)block = 42;
        }

        Give(Large, blocks.AsSpan(1));
        long bytes = 0;
        _slabs.Purge(_arena.Pass + 1, ref bytes);

        Assert.That(bytes, Is.EqualTo(7 * (48 << 10)));
        Assert.That(*(long*)blocks[0], Is.EqualTo(42));
        Assert.That(_committed.Value - _arena.MetadataBytes, Is.EqualTo(48 << 10));
        Give(Large, blocks.AsSpan(0, 1));
    }

    [Test]
    public void What_came_back_in_this_pass_is_left_for_the_next()
    {
        nuint[] blocks = Take(Large, 8);
        Give(Large, blocks.AsSpan(1));
        long bytes = 0;

        Assert.That(_slabs.Purge(_arena.Pass, ref bytes), "something is left");
        Assert.That(bytes, Is.Zero);
        Give(Large, blocks.AsSpan(0, 1));
    }

    [Test]
    public void When_the_arena_is_full_a_claim_gets_nothing_and_later_something()
    {
        List<nuint> blocks = [];
        nuint one;
        while (_slabs.Acquire(Large, &one, 1) == 1)
        {
            blocks.Add(one);
        }

        Assert.That(blocks, Has.Count.EqualTo((int)_slabs.Capacity(Large)));
        Give(Large, blocks.ToArray().AsSpan(0, 1));
        Assert.That(_slabs.Acquire(Large, &one, 1), Is.EqualTo(1));
    }

    [Test]
    [Category("Soak")]
    [NonParallelizable]
    public void Soak_four_threads_take_and_give_while_one_purges_and_everything_comes_home()
    {
        long end = Environment.TickCount64 + 1000;
        Crew.Run(5, me =>
        {
            var random = new Random(me);
            List<nuint> mine = [];
            while (Environment.TickCount64 < end)
            {
                if (me == 4)
                {
                    long bytes = 0;
                    _slabs.Purge(_arena.Pass + 1, ref bytes);
                    _arena.PurgeDirty(_arena.Pass + 1);
                    continue;
                }

                int code = random.Next(4) == 0 ? Large : Small;
                foreach (nuint block in Take(code, random.Next(1, 30)))
                {
                    *(nuint*)block = block ^ (nuint)(me + 1);
                    mine.Add(block);
                }

                if (mine.Count > 60)
                {
                    GiveAll(mine, me);
                }
            }

            GiveAll(mine, me);
        });

        Assert.That(_misuse.Reports, Is.Empty);
        AssertAllGone();
    }

    private void GiveAll(List<nuint> mine, int me)
    {
        foreach (nuint block in mine)
        {
            if (*(nuint*)block != (block ^ (nuint)(me + 1)))
            {
                throw new InvalidOperationException($"the block at 0x{block:x} was overwritten");
            }
        }

        foreach (IGrouping<int, nuint> ofClass in mine.GroupBy(CodeOf))
        {
            Give(ofClass.Key, ofClass.ToArray());
        }

        mine.Clear();
    }

    private int CodeOf(nuint block)
    {
        _slabs.TryLocate(block, out _, out int code, out _, out _);
        return code;
    }

    private nuint[] Take(int code, int count)
    {
        nuint[] blocks = new nuint[count];
        int got = 0;
        fixed (nuint* into = blocks)
        {
            while (got < count)
            {
                int more = _slabs.Acquire(code, into + got, count - got);
                if (more == 0)
                {
                    break;
                }

                got += more;
            }
        }

        return blocks[..got];
    }

    private void Give(int code, ReadOnlySpan<nuint> blocks)
    {
        nuint[] copy = blocks.ToArray();
        fixed (nuint* from = copy)
        {
            _slabs.Release(code, from, copy.Length);
        }
    }

    private void AssertAllGone()
    {
        long bytes = 0;
        _slabs.Purge(_arena.Pass + 1, ref bytes);
        _arena.PurgeDirty(_arena.Pass + 1);
        for (int code = 1; code <= _slabs.ClassCount; code++)
        {
            Assert.That(_slabs.Outstanding(code), Is.Zero);
            Assert.That(_slabs.Capacity(code), Is.Zero);
        }

        Assert.That(_committed.Value, Is.EqualTo(_arena.MetadataBytes), "only metadata stays committed");
        Assert.That(_arena.Ranges.TryAllocate((int)(_arena.Bytes >> Arena.ChunkShift), 1, out int first), "every chunk is free");
        _arena.Ranges.Free(first, (int)(_arena.Bytes >> Arena.ChunkShift));
    }
}
