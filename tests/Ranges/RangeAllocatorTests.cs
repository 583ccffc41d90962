using System.Runtime.InteropServices;
using MagAlloc.Ranges;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Ranges;

[TestFixture]
public sealed unsafe class RangeAllocatorTests
{
    private readonly List<nint> _memory = [];

    [TearDown]
    public void Free()
    {
        foreach (nint words in _memory)
        {
            NativeMemory.Free((void*)words);
        }

        _memory.Clear();
    }

    [Test]
    public void Hands_out_the_lowest_run_that_fits()
    {
        RangeAllocator ranges = New(200);

        Assert.That(First(ranges, 3), Is.Zero);
        Assert.That(First(ranges, 70), Is.EqualTo(3));
        Assert.That(First(ranges, 1), Is.EqualTo(73));
        ranges.Free(0, 3);
        Assert.That(First(ranges, 4), Is.GreaterThan(73));
        Assert.That(First(ranges, 2), Is.Zero);
    }

    [TestCase(1, 1)]
    [TestCase(3, 4)]
    [TestCase(64, 64)]
    [TestCase(65, 1)]
    [TestCase(65, 128)]
    [TestCase(1, 256)]
    public void Runs_are_aligned_and_do_not_overlap(int units, int alignment)
    {
        RangeAllocator ranges = New(2000);
        bool[] taken = new bool[2000];
        int runs = 0;
        for (; ranges.TryAllocate(units, alignment, out int first); runs++)
        {
            Assert.That(first % alignment, Is.Zero);
            for (int unit = first; unit < first + units; unit++)
            {
                Assert.That(taken[unit], Is.False);
                taken[unit] = true;
            }
        }

        Assert.That(runs, Is.GreaterThanOrEqualTo(2000 / Math.Max(alignment, (units + alignment - 1) / alignment * alignment)));
    }

    [TestCase(1)]
    [TestCase(63)]
    [TestCase(64)]
    [TestCase(65)]
    [TestCase(130)]
    public void Every_unit_is_handed_out_and_none_beyond_the_end(int units)
    {
        RangeAllocator ranges = New(units);
        for (int i = 0; i < units; i++)
        {
            Assert.That(First(ranges, 1), Is.EqualTo(i));
        }

        Assert.That(ranges.TryAllocate(1, 1, out _), Is.False);
        ranges.Free(units - 1, 1);
        Assert.That(First(ranges, 1), Is.EqualTo(units - 1));
    }

    [Test]
    public void A_run_longer_than_all_is_refused()
    {
        RangeAllocator ranges = New(100);

        Assert.That(ranges.TryAllocate(101, 1, out _), Is.False);
        Assert.That(ranges.TryAllocate(int.MaxValue, 1, out _), Is.False);
        Assert.That(First(ranges, 100), Is.Zero);
    }

    [Test]
    public void A_claim_takes_exactly_its_units_or_nothing()
    {
        RangeAllocator ranges = New(200);

        Assert.That(ranges.TryClaim(60, 80));
        Assert.That(ranges.TryClaim(139, 1), Is.False);
        Assert.That(ranges.TryClaim(0, 61), Is.False);
        Assert.That(ranges.TryClaim(199, 2), Is.False);
        Assert.That(ranges.TryClaim(-1, 2), Is.False);
        Assert.That(ranges.TryClaim(0, 60), "a failing claim left nothing behind");
        Assert.That(ranges.TryClaim(140, 60));
        Assert.That(ranges.TryAllocate(1, 1, out _), Is.False);
    }

    [Test]
    public void A_part_of_a_run_can_be_given_back()
    {
        RangeAllocator ranges = New(200);
        Assert.That(First(ranges, 200), Is.Zero);
        ranges.Free(50, 100);

        Assert.That(First(ranges, 100), Is.EqualTo(50));
        Assert.That(ranges.TryAllocate(1, 1, out _), Is.False);
    }

    [Test]
    public void The_frontier_is_one_behind_the_highest_unit_ever_taken()
    {
        RangeAllocator ranges = New(200);
        Assert.That(ranges.Frontier, Is.Zero);
        ranges.TryClaim(100, 5);
        ranges.Free(100, 5);
        First(ranges, 2);

        Assert.That(ranges.Frontier, Is.EqualTo(105));
    }

    [Test]
    [Category("Soak")]
    [NonParallelizable]
    public void Soak_four_threads_take_and_give_runs_and_all_units_come_back()
    {
        const int UnitCount = 640;
        RangeAllocator ranges = New(UnitCount);
        int[] holders = new int[UnitCount];
        long end = Environment.TickCount64 + 1000;
        Crew.Run(4, me =>
        {
            var random = new Random(me);
            Queue<(int First, int Units)> mine = [];
            while (Environment.TickCount64 < end)
            {
                int length = random.Next(10) == 0 ? random.Next(65, 150) : random.Next(1, 12);
                if (mine.Count < 8 && ranges.TryAllocate(length, 1 << random.Next(4), out int first))
                {
                    Mark(holders, first, length, 0, me + 1);
                    mine.Enqueue((first, length));
                }
                else if (mine.TryDequeue(out (int First, int Units) run))
                {
                    Mark(holders, run.First, run.Units, me + 1, 0);
                    ranges.Free(run.First, run.Units);
                }
            }

            foreach ((int first, int length) in mine)
            {
                Mark(holders, first, length, me + 1, 0);
                ranges.Free(first, length);
            }
        });

        Assert.That(ranges.TryAllocate(UnitCount, 1, out _), "everything is free again");
    }

    private static void Mark(int[] holders, int first, int units, int from, int to)
    {
        for (int unit = first; unit < first + units; unit++)
        {
            if (Interlocked.CompareExchange(ref holders[unit], to, from) != from)
            {
                throw new InvalidOperationException($"unit {unit} has two holders");
            }
        }
    }

    private static int First(RangeAllocator ranges, int units)
    {
        Assert.That(ranges.TryAllocate(units, 1, out int first), $"a run of {units}");
        return first;
    }

    private RangeAllocator New(int units)
    {
        void* words = NativeMemory.AllocZeroed(RangeAllocator.MetadataBytes(units));
        _memory.Add((nint)words);
        return new RangeAllocator((ulong*)words, units);
    }
}
