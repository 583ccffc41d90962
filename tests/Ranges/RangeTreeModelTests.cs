using System.Numerics;
using MagAlloc.Iova.Ranges;

namespace MagAlloc.Tests.Ranges;

/// <summary>Random programs over small trees of several shapes; after each operation the model has the last word.</summary>
[TestFixture]
public sealed unsafe class RangeTreeModelTests
{
    private static readonly (int Units, int LeafShift, int FanShift, int TopEntries)[] s_shapes =
    [
        (1, 9, 6, 64), (31, 9, 6, 64), (32, 6, 1, 1), (500, 9, 6, 1), (1000, 6, 1, 1), (1000, 6, 1, 64), (4096, 6, 2, 1), (5000, 7, 3, 2),
        (70_000, 9, 6, 64),
    ];

    [Test]
    public void Random_programs_do_what_the_model_does(
        [ValueSource(nameof(s_shapes))] (int Units, int LeafShift, int FanShift, int TopEntries) shape, [Values(1, 2, 3)] int round)
    {
        int seed = Environment.TickCount ^ (round << 20);
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var tree = new RangeTree((ulong)shape.Units, null, shape.LeafShift, shape.FanShift, shape.TopEntries);
        try
        {
            var model = new RangeTreeModel(shape.Units);
            int operations = shape.Units > 10_000 ? 2_000 : 6_000;
            for (int i = 0; i < operations; i++)
            {
                Step(tree, model, shape.Units, random);
                if (i % 500 == 499)
                {
                    model.AssertEqual(tree);
                }
            }

            foreach ((int first, int last) in model.Live.Values.ToArray())
            {
                Free(tree, model, (ulong)random.Next(first, last + 1));
            }

            model.AssertEqual(tree);
            Assert.That(tree.TryClaim(0, (ulong)shape.Units - 1), "all of it is one free range again");
            Assert.That(tree.TryFreeExactly(0, (ulong)shape.Units - 1));
        }
        finally
        {
            tree.Release();
        }
    }

    private static void Step(RangeTree tree, RangeTreeModel model, int units, Random random)
    {
        int length = 1 + random.Next(1 + (random.Next(4) == 0 ? units / 3 : Math.Min(40, units / 2)));
        int limit = random.Next(4) == 0 ? random.Next(units) : int.MaxValue;
        switch (random.Next(10))
        {
            case 0 or 1:
                int order = BitOperations.Log2((uint)length);
                Allocate(tree, model, 1 << order, order, limit);
                break;
            case 2 or 3:
                Allocate(tree, model, length, random.Next(3) switch { 0 => 0, 1 => random.Next(12), _ => CeilLog(length) }, limit);
                break;
            case 4:
                int from = random.Next(units);
                int to = Math.Min(units - 1, from + length - 1);
                bool free = model.IsFree(from, to);
                Assert.That(tree.TryClaim((ulong)from, (ulong)to), Is.EqualTo(free), $"claim [{from}, {to}]");
                if (free)
                {
                    model.Add(from, to);
                }

                break;
            case 5:
                AllocateMany(tree, model, random.Next(8), 1 + random.Next(40), limit);
                break;
            case 6:
                FreeMany(tree, model, random.Next(7), random);
                break;
            case 7:
                int start = random.Next(units);
                int end = random.Next(start, units);
                (int First, int Last)? run = tree.TryNextFree((ulong)start, (ulong)end, out ulong low, out ulong high) ? ((int)low, (int)high) : null;
                Assert.That(run, Is.EqualTo(model.NextFree(start, end)), $"free in [{start}, {end}]");
                break;
            default:
                for (int i = 0; i < 3; i++)
                {
                    Free(tree, model, (ulong)random.Next(units));
                }

                break;
        }

        model.AssertFound(tree, random.Next(units));
    }

    private static int CeilLog(int length) => BitOperations.Log2((uint)BitOperations.RoundUpToPowerOf2((uint)length));

    private static void Allocate(RangeTree tree, RangeTreeModel model, int length, int alignmentOrder, int limit)
    {
        int highest = model.Highest(length, 1 << alignmentOrder, limit);
        bool found = tree.TryAllocate((ulong)length, alignmentOrder, (ulong)limit, out ulong first);
        Assert.That(found, Is.EqualTo(highest >= 0), $"{length} units, alignment order {alignmentOrder}, limit {limit}");
        if (!found)
        {
            return;
        }

        Assert.That((int)first + length - 1, Is.LessThanOrEqualTo(limit));
        Assert.That((int)first % (1 << alignmentOrder), Is.Zero);

        int cover = Math.Max(CeilLog(length), alignmentOrder);
        int covered = model.Highest(1 << cover, 1 << cover, limit);
        int place = covered < 0 ? highest : alignmentOrder == 0 ? covered + (1 << cover) - length : covered;
        Assert.That((int)first, Is.EqualTo(place), $"the highest place for {length}, alignment order {alignmentOrder}, limit {limit}");
        model.Add((int)first, (int)first + length - 1);
    }

    private static void AllocateMany(RangeTree tree, RangeTreeModel model, int order, int count, int limit)
    {
        nuint* blocks = stackalloc nuint[count];
        int taken = tree.AllocateMany(order, (ulong)limit, blocks, count);
        for (int i = 0; i < taken; i++)
        {
            int highest = model.Highest(1 << order, 1 << order, limit);
            Assert.That((int)blocks[i] - 1, Is.EqualTo(highest), $"block {i} of {count}, order {order}, limit {limit}");
            model.Add(highest, highest + (1 << order) - 1);
        }

        Assert.That(taken == count || model.Highest(1 << order, 1 << order, limit) < 0, "fewer only when there are no more");
    }

    private static void FreeMany(RangeTree tree, RangeTreeModel model, int order, Random random)
    {
        int size = 1 << order;
        (int First, int Last)[] some = [.. model.Live.Values.OrderBy(_ => random.Next(3)).Take(40)];
        (int First, int Last)[] right = [.. some.Where(range => range.Last - range.First == size - 1 && range.First % size == 0)];
        nuint* blocks = stackalloc nuint[some.Length + 1];
        for (int i = 0; i < some.Length; i++)
        {
            blocks[i] = (nuint)some[i].First + 1;
        }

        // One of them twice: freed once.
        blocks[some.Length] = right.Length == 0 ? 1 : (nuint)right[0].First + 1;
        bool first = right.Length == 0 && model.Find(0) == (0, size - 1) && !some.Contains((0, size - 1));
        Assert.That(tree.FreeMany(order, blocks, some.Length + 1), Is.EqualTo(right.Length + (first ? 1 : 0)));
        foreach ((int First, int Last) range in right)
        {
            model.Remove(range.First, range.Last);
        }

        if (first)
        {
            model.Remove(0, size - 1);
        }
    }

    private static void Free(RangeTree tree, RangeTreeModel model, ulong unit)
    {
        (int First, int Last)? range = model.Find((int)unit);
        bool freed = tree.TryFree(unit, out ulong first, out ulong last);
        Assert.That(freed, Is.EqualTo(range is not null), $"free of unit {unit}");
        if (freed)
        {
            Assert.That(((int)first, (int)last), Is.EqualTo(range));
            model.Remove((int)first, (int)last);
        }
    }
}
