using MagAlloc.Iova.Ranges;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Ranges;

[TestFixture]
public sealed unsafe class RangeTreeTests
{
    private const ulong NoLimit = ulong.MaxValue;

    private readonly List<RangeTree> _trees = [];

    [TearDown]
    public void Release()
    {
        foreach (RangeTree tree in _trees)
        {
            string? defect = tree.FindDefect();
            tree.Release();
            Assert.That(defect, Is.Null);
        }

        _trees.Clear();
    }

    [Test]
    public void The_largest_space_is_handed_out_from_its_end()
    {
        RangeTree tree = New(RangeTree.LargestUnits);

        Assert.That(First(tree, 1, 0), Is.EqualTo(0xF_FFFF_FFFF));
        Assert.That(First(tree, 4, 2), Is.EqualTo(0xF_FFFF_FFF8));
        Assert.That(First(tree, 2, 1), Is.EqualTo(0xF_FFFF_FFFC));
        Assert.That(First(tree, 1UL << 35, 35), Is.Zero);
        Assert.That(tree.TryAllocate(1UL << 35, 35, NoLimit, out _), Is.False);
        Assert.That(First(tree, 1, 0, 1UL << 35), Is.EqualTo(1UL << 35));
        Assert.That(tree.TryAllocate(1, 0, (1UL << 35) - 1, out _), Is.False);
        Assert.That((ulong)tree.ReservedBytes, Is.LessThan(20UL << 30));
    }

    [Test]
    public void A_range_of_any_length_up_to_the_whole_space_is_claimed_and_freed()
    {
        RangeTree tree = New(RangeTree.LargestUnits - 1);
        for (ulong units = 1; units < RangeTree.LargestUnits; units = (units * 3) + 1)
        {
            ulong first = First(tree, units, 0);
            Assert.That(tree.TryFind(first + (units / 2), out ulong low, out ulong high));
            Assert.That((low, high), Is.EqualTo((first, first + units - 1)));
            Assert.That(tree.UsedUnits, Is.EqualTo((long)units));
            Assert.That(tree.TryFree(first + (units / 3), out low, out high));
            Assert.That((low, high), Is.EqualTo((first, first + units - 1)));
            Assert.That(tree.UsedUnits, Is.Zero);
        }

        Assert.That(tree.TryClaim(0, RangeTree.LargestUnits - 2));
        Assert.That(tree.TryAllocate(1, 0, NoLimit, out _), Is.False);
        Assert.That(tree.TryFreeExactly(0, RangeTree.LargestUnits - 2));
    }

    [TestCase(0UL)]
    [TestCase(RangeTree.LargestUnits + 1)]
    public void A_space_of_another_size_is_refused(ulong units)
        => Assert.That(() => new RangeTree(units, null), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Each_step_of_construction_fails_cleanly()
    {
        for (int step = 1; step <= 2; step++)
        {
            FaultPlan plan = FaultPlan.FailNth(step);
            Assert.That(() => new RangeTree(1000, plan), Throws.TypeOf<OutOfMemoryException>());
            Assert.That(plan.Injected, Is.EqualTo(1));
        }

        FaultPlan beyond = FaultPlan.FailNth(3);
        var tree = new RangeTree(1000, beyond);
        Assert.That(beyond.Injected, Is.Zero, "there are two steps");
        tree.Release();
        Assert.That(tree.Release, Throws.Nothing, "released twice");
    }

    [Test]
    public void Impossible_requests_are_refused()
    {
        RangeTree tree = New(1000);

        Assert.That(tree.TryAllocate(1001, 0, NoLimit, out _), Is.False);
        Assert.That(tree.TryAllocate(NoLimit, 0, NoLimit, out _), Is.False);
        Assert.That(tree.TryAllocate(0, 0, NoLimit, out _), Is.False);
        Assert.That(tree.TryAllocate(11, 0, 9, out _), Is.False);
        Assert.That(First(tree, 10, 0, 9), Is.Zero);
        Assert.That(tree.TryAllocate(1, 63, NoLimit, out _), Is.False, "only unit 0 is so aligned, and it is in use");
    }

    [Test]
    public void A_multiple_of_a_large_alignment_is_found_between_small_ranges()
    {
        RangeTree tree = New(1 << 20);
        for (ulong unit = 0; unit < 1 << 20; unit += 1 << 12)
        {
            Assert.That(tree.TryClaim(unit + 8, unit + 4095));
            Assert.That(unit == 3UL << 14 || tree.TryClaim(unit, unit));
        }

        Assert.That(First(tree, 5, 14), Is.EqualTo(3UL << 14));
        Assert.That(tree.TryAllocate(5, 14, NoLimit, out _), Is.False);
        Assert.That(First(tree, 7, 0), Is.EqualTo((1UL << 20) - 4096 + 1));
    }

    [Test]
    public void A_range_in_the_highest_cover_leaves_the_rest_in_one_piece()
    {
        RangeTree tree = New(256);

        Assert.That(First(tree, 33, 0), Is.EqualTo(256 - 33));
        Assert.That(First(tree, 33, 6), Is.EqualTo(128));
        Assert.That(First(tree, 64, 6), Is.EqualTo(64));
        Assert.That(First(tree, 31, 0), Is.EqualTo(33), "at the end of the highest free block of 32");
    }

    [Test]
    public void Marks_have_one_winner_and_know_the_order()
    {
        RangeTree tree = New(1000);
        Assert.That(tree.TryClaim(64, 67));

        Assert.That(tree.TryMark(64, 1), Is.False);
        Assert.That(tree.TryMark(64, 3), Is.False);
        Assert.That(tree.TryMark(65, 0), Is.False);
        Assert.That(tree.TryMark(68, 2), Is.False);
        Assert.That(tree.TryUnmark(64), Is.False);
        Assert.That(tree.TryMark(64, 2));
        Assert.That(tree.TryMark(64, 2), Is.False, "marked already");
        Assert.That(tree.IsMarked(64));
        Assert.That(tree.TryFind(66, out ulong first, out ulong last) && (first, last) == (64UL, 67UL), "a marked range is found");
        Assert.That(tree.TryFree(64, out _, out _), Is.False, "a marked range is not the caller's");
        Assert.That(tree.TryFreeExactly(64, 67), Is.False);
        Assert.That(tree.TryUnmark(64));
        Assert.That(tree.TryUnmark(64), Is.False);
        Assert.That(tree.TryFree(66, out first, out last) && (first, last) == (64UL, 67UL));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(4)]
    [TestCase(5)]
    public void The_first_units_of_a_longer_range_are_neither_marked_nor_freed(int order)
    {
        RangeTree tree = New(4096);
        ulong first = 512 - (1UL << order);
        foreach (ulong last in (ulong[])[512, 600, 1023, 1500])
        {
            Assert.That(tree.TryClaim(first, last));
            Assert.That(tree.TryMark(first, order), Is.False, $"[{first}, {last}] is longer than order {order}");
            nuint block = (nuint)first + 1;
            Assert.That(tree.FreeMany(order, &block, 1), Is.Zero);
            Assert.That(tree.IsMarked(first), Is.False);
            Assert.That(tree.TryFreeExactly(first, 511), Is.False);
            Assert.That(tree.TryFreeExactly(first, last));
        }

        Assert.That(tree.TryClaim(512, 4095), "what follows is another range");
        Assert.That(tree.TryClaim(first, 511));
        Assert.That(tree.TryMark(first, order));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Blocks_are_freed_many_at_a_time_marked_or_not(bool marked)
    {
        RangeTree tree = New(100_000);
        nuint* blocks = stackalloc nuint[127];
        for (int order = 0; order <= 6; order++)
        {
            Assert.That(tree.AllocateMany(order, NoLimit, blocks, 127), Is.EqualTo(127));
            Assert.That(tree.Ranges, Is.EqualTo(127));
            for (int i = 0; marked && order < 6 && i < 127; i++)
            {
                Assert.That(tree.TryMark(blocks[i] - 1, order));
            }

            new Random(order).Shuffle(new Span<nuint>(blocks, 100));
            Assert.That(tree.FreeMany(order == 0 ? 1 : order - 1, blocks, 127), Is.Zero, "of another order");
            Assert.That(tree.FreeMany(order, blocks, 127), Is.EqualTo(127));
            Assert.That(tree.FreeMany(order, blocks, 127), Is.Zero, "freed already");
            Assert.That(tree.UsedUnits, Is.Zero);
        }
    }

    [Test]
    public void Blocks_come_out_marked_in_the_step_that_claims_them([Values(0, 1, 5)] int order)
    {
        RangeTree tree = New(100_000);
        nuint* blocks = stackalloc nuint[127];
        Assert.That(tree.TryClaim(99_990, 99_999), "the first word is shared");
        Assert.That(tree.AllocateMany(order, NoLimit, blocks, 127, marked: true), Is.EqualTo(127));
        for (int i = 0; i < 127; i++)
        {
            ulong first = blocks[i] - 1;
            Assert.That(tree.IsMarked(first));
            Assert.That(tree.TryFind(first, out ulong low, out ulong high) && (low, high) == (first, first + (1UL << order) - 1));
            Assert.That(tree.TryFree(first, out _, out _), Is.False, "not the caller's");
            Assert.That(tree.TryMark(first, order), Is.False, "marked already");
        }

        Assert.That(tree.TryUnmark(blocks[0] - 1));
        Assert.That(tree.TryFree(blocks[0] - 1, out _, out _));
        Assert.That(tree.FreeMany(order, blocks, 127), Is.EqualTo(126));
        Assert.That(tree.UsedUnits, Is.EqualTo(10));
    }

    [Test]
    public void In_a_tree_that_never_marked_a_held_range_is_not_freed()
    {
        RangeTree tree = New(1000);
        nuint block = 1;
        Assert.That(tree.TryClaim(0, 0));
        Assert.That(tree.TryUnmark(0), Is.False);
        Assert.That(tree.FreeMany(0, &block, 1), Is.EqualTo(1));
    }

    [Test]
    public void Searches_take_a_logarithm_of_steps_however_fragmented_the_space_is()
    {
        RangeTree tree = New(RangeTree.LargestUnits);
        var random = new Random(7);
        List<ulong> live = [];
        for (int i = 0; i < 400_000; i++)
        {
            int order = random.Next(6);
            live.Add(First(tree, 1UL << order, order));
        }

        for (int i = 0; i < 300_000; i++)
        {
            int at = random.Next(live.Count);
            Assert.That(tree.TryFree(live[at], out _, out _));
            live[at] = live[^1];
            live.RemoveAt(live.Count - 1);
        }

        long worst = 0;
        long before = tree.SearchSteps;
        for (int i = 0; i < 100_000; i++)
        {
            long start = tree.SearchSteps;
            int order = random.Next(10);
            ulong first = First(tree, 1UL << order, order);
            worst = Math.Max(worst, tree.SearchSteps - start);
            int at = random.Next(live.Count);
            Assert.That(tree.TryFree(live[at], out _, out _));
            live[at] = first;
        }

        TestContext.Out.WriteLine($"{(tree.SearchSteps - before) / 100_000.0:f1} steps a search, {worst} at most");
        Assert.That((tree.SearchSteps - before) / 100_000, Is.LessThan(64 * 6), "a scan of 64 a level");
    }

    [Test]
    public void An_exhausted_limit_is_told_at_once()
    {
        RangeTree tree = New(RangeTree.LargestUnits);
        nuint* blocks = stackalloc nuint[1];
        for (int i = 0; i < 1 << 15; i++)
        {
            Assert.That(tree.AllocateMany(5, (1UL << 20) - 1, blocks, 1), Is.EqualTo(1));
        }

        Assert.That(tree.TryAllocate(1, 0, (1UL << 20) - 1, out _), Is.False);
        long before = tree.SearchSteps;
        for (int i = 0; i < 1000; i++)
        {
            Assert.That(tree.TryAllocate(1, 0, (1UL << 20) - 1, out _), Is.False);
        }

        Assert.That((tree.SearchSteps - before) / 1000, Is.LessThan(200));
        Assert.That(tree.TryFree(12345, out _, out _));
        Assert.That(First(tree, 1, 0, (1UL << 20) - 1), Is.EqualTo(12345 | 31));
    }

    [Test]
    [Category("Soak")]
    [NonParallelizable]
    public void Soak_four_threads_take_and_give_ranges_and_all_units_come_back([Values(0, 1)] int shape)
    {
        RangeTree tree = shape == 0 ? New(4000) : new RangeTree(3000, null, 6, 1, 1);
        if (shape != 0)
        {
            _trees.Add(tree);
        }

        int[] holders = new int[tree.Units];
        long end = Environment.TickCount64 + 1000;
        Crew.Run(4, me =>
        {
            var random = new Random(me);
            Queue<(ulong First, ulong Units)> mine = [];
            while (Environment.TickCount64 < end || mine.Count != 0)
            {
                int order = random.Next(8);
                ulong units = random.Next(8) == 0 ? (ulong)random.Next(33, 400) : random.Next(2) == 0 ? 1UL << order : (ulong)random.Next(1, 40);
                if (mine.Count < 6 && Environment.TickCount64 < end)
                {
                    if (tree.TryAllocate(units, random.Next(2) == 0 ? 0 : order, (ulong)random.Next(1000, 8000), out ulong first))
                    {
                        Mark(holders, first, units, 0, me + 1);
                        mine.Enqueue((first, units));
                    }
                }
                else if (mine.TryDequeue(out (ulong First, ulong Units) range))
                {
                    Mark(holders, range.First, range.Units, me + 1, 0);
                    bool freed = tree.TryFree(range.First + ((ulong)random.Next() % range.Units), out ulong first, out ulong last);
                    if (!freed || first != range.First || last != range.First + range.Units - 1)
                    {
                        throw new InvalidOperationException($"the range of {range.Units} at {range.First} was freed as [{first}, {last}]: {freed}");
                    }
                }

                ulong unit = (ulong)random.Next(3000);
                if (tree.TryFind(unit, out ulong low, out ulong high) && (low > unit || high < unit))
                {
                    throw new InvalidOperationException($"[{low}, {high}] does not hold {unit}");
                }
            }
        });

        Assert.That(tree.UsedUnits, Is.Zero);
        Assert.That(tree.Ranges, Is.Zero);
        Assert.That(First(tree, tree.Units, 0), Is.Zero, "everything is free again");
    }

    private static void Mark(int[] holders, ulong first, ulong units, int from, int to)
    {
        for (ulong unit = first; unit < first + units; unit++)
        {
            if (Interlocked.CompareExchange(ref holders[unit], to, from) != from)
            {
                throw new InvalidOperationException($"unit {unit} has two holders");
            }
        }
    }

    private static ulong First(RangeTree tree, ulong units, int alignmentOrder, ulong last = NoLimit)
    {
        Assert.That(tree.TryAllocate(units, alignmentOrder, last, out ulong first), $"a range of {units}");
        return first;
    }

    private RangeTree New(ulong units)
    {
        var tree = new RangeTree(units, null);
        _trees.Add(tree);
        return tree;
    }
}
