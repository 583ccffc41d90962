using System.Numerics;
using MagAlloc.Iova.Ranges;

namespace MagAlloc.Tests.Ranges;

/// <summary>Requests of odd lengths and places: how far a refusal looks among holes that are nearly large enough.</summary>
[TestFixture]
public sealed class RangeRunTests
{
    private const ulong NoLimit = ulong.MaxValue;

    // What a free undoes, looked at again: a scan of 64 children and their borders a level, for the 2 levels of these trees.
    private const long FewSteps = 2_500;

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

    // hole: free units of each 64, from the given place on. None of the requests fits into one, but all have holes of half their size.
    [TestCase(20UL, 6UL, 21UL, 0)]
    [TestCase(20UL, 6UL, 21UL, 5)]
    [TestCase(40UL, 10UL, 41UL, 0)]
    [TestCase(40UL, 10UL, 33UL, 6)]
    [TestCase(63UL, 1UL, 64UL, 0)]
    [TestCase(63UL, 1UL, 33UL, 6)]
    [TestCase(63UL, 1UL, 1UL, 6)]
    [TestCase(33UL, 0UL, 40UL, 3)]
    public void A_refusal_takes_few_steps_however_many_holes_nearly_fit(ulong hole, ulong at, ulong units, int alignmentOrder)
    {
        RangeTree tree = WithHoles(131_072, 64, at, hole);
        Assert.That(tree.TryAllocate(units, alignmentOrder, NoLimit, out _), Is.False);

        long worst = Worst(tree, 1_000, () => Assert.That(tree.TryAllocate(units, alignmentOrder, NoLimit, out _), Is.False));
        TestContext.Out.WriteLine($"{worst} steps at most");
        Assert.That(worst, Is.LessThan(100), "nothing has changed since the last refusal");

        var random = new Random(3);
        worst = Worst(tree, 1_000, () =>
        {
            ulong unit = (((ulong)random.Next(2048) * 64) + at + hole) % 131_072;
            Assert.That(tree.TryFree(unit, out ulong first, out ulong last));
            Assert.That(tree.TryClaim(first, last));
            Assert.That(tree.TryAllocate(units, alignmentOrder, NoLimit, out _), Is.False);
        });
        TestContext.Out.WriteLine($"{worst} steps at most after a free");
        Assert.That(worst, Is.LessThan(FewSteps));
    }

    [Test]
    public void Refusals_of_many_lengths_do_not_drive_out_what_the_others_noted([Values] bool aligned)
    {
        RangeTree tree = WithHoles(131_072, 64, at: 10, hole: 30);
        var random = new Random(5);
        void Refuse(ulong units) => Assert.That(
            tree.TryAllocate(units, aligned ? BitOperations.Log2(units - 1) + 1 : 0, NoLimit, out _), Is.False);
        Refuse(31);
        long worst = Worst(tree, 1_000, () =>
        {
            Refuse(31 + (ulong)random.Next(400));
            Refuse(31 + (ulong)random.Next(4));
        });
        Assert.That(worst, Is.LessThan(FewSteps));

        // Requests of any place and aligned ones in turn.
        int turn = 0;
        Assert.That(tree.TryAllocate(40, 0, NoLimit, out _), Is.False);
        Assert.That(tree.TryAllocate(40, 6, NoLimit, out _), Is.False);
        worst = Worst(tree, 1_000, () => Assert.That(tree.TryAllocate(40, (turn++ % 2) * 6, NoLimit, out _), Is.False));
        Assert.That(worst, Is.LessThan(FewSteps));
    }

    [Test]
    public void Shorter_and_shorter_requests_are_refused_in_few_looks()
    {
        RangeTree tree = WithHoles(131_072, 64, at: 10, hole: 20);
        long before = tree.SearchSteps;
        for (ulong units = 300; units > 20; units--)
        {
            Assert.That(tree.TryAllocate(units, 0, NoLimit, out _), Is.False);
        }

        Assert.That(tree.SearchSteps - before, Is.LessThan(200_000), "a look at all holes for each length is 280 times 131,072 / 32");
    }

    [Test]
    public void A_refusal_below_a_limit_takes_few_steps()
    {
        RangeTree tree = WithHoles(131_072, 64, at: 6, hole: 20);
        var random = new Random(9);
        Assert.That(tree.TryAllocate(21, 0, 131_071, out _), Is.False);
        long worst = Worst(tree, 1_000, () => Assert.That(tree.TryAllocate(21, 0, (ulong)random.Next(131_072), out _), Is.False));
        TestContext.Out.WriteLine($"{worst} steps at most");
        Assert.That(worst, Is.LessThan(FewSteps));
    }

    [Test]
    public void In_the_largest_space_a_refusal_takes_a_scan_a_level()
    {
        // Four million units in use, in singles, three free ones between two of them: at the end of the space, so all levels matter.
        const ulong Units = 1UL << 22;
        RangeTree tree = New(RangeTree.LargestUnits);
        Assert.That(tree.TryClaim(0, RangeTree.LargestUnits - Units - 1));
        for (ulong unit = RangeTree.LargestUnits - Units; unit < RangeTree.LargestUnits; unit += 4)
        {
            Assert.That(tree.TryClaim(unit, unit));
        }

        Assert.That(tree.TryAllocate(5, 0, NoLimit, out _), Is.False);
        Assert.That(tree.TryAllocate(3, 2, NoLimit, out _), Is.False);
        var random = new Random(11);
        long worst = Worst(tree, 10_000, () =>
        {
            ulong unit = RangeTree.LargestUnits - Units + ((ulong)random.Next(1 << 20) * 4);
            Assert.That(tree.TryFree(unit, out _, out _));
            Assert.That(tree.TryAllocate(5, 0, NoLimit, out ulong first), Is.True, "seven in a row, around the unit");
            Assert.That(first, Is.InRange(unit - 3, unit + 3));
            Assert.That(tree.TryFree(first, out _, out _));
            Assert.That(tree.TryClaim(unit, unit));
            Assert.That(tree.TryAllocate(5, 0, NoLimit, out _), Is.False);
            Assert.That(tree.TryAllocate(3, 2, NoLimit, out _), Is.False);
        });
        TestContext.Out.WriteLine($"{worst} steps at most");
        Assert.That(worst, Is.LessThan(3 * 3_000), "three searches of five levels");
    }

    private static long Worst(RangeTree tree, int rounds, Action round)
    {
        long worst = 0;
        for (int i = 0; i < rounds; i++)
        {
            long before = tree.SearchSteps;
            round();
            worst = Math.Max(worst, tree.SearchSteps - before);
        }

        return worst;
    }

    /// <summary>A space in which only one hole in each period is free, and the rest is in use.</summary>
    private RangeTree WithHoles(ulong units, ulong period, ulong at, ulong hole)
    {
        RangeTree tree = New(units + period);
        ulong from = 0;
        for (ulong start = at; start < units; start += period)
        {
            Assert.That(from == start || tree.TryClaim(from, start - 1));
            from = start + hole;
        }

        Assert.That(tree.TryClaim(from, units + period - 1));
        return tree;
    }

    private RangeTree New(ulong units)
    {
        var tree = new RangeTree(units, null);
        _trees.Add(tree);
        return tree;
    }
}
