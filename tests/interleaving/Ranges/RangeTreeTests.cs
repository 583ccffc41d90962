using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Ranges;

/// <summary>Claims, frees and searches of a tree with a few levels, under every schedule with two preemptions.</summary>
[TestFixture]
public sealed unsafe class RangeTreeTests
{
    [Test]
    public void Single_units_are_handed_out_once_each_down_to_the_last()
        => Explore.Exhaustively(() =>
        {
            int got = 0;
            Action<RangeTreeWorld> one = world =>
            {
                if (world.Allocate(1, 0) >= 0)
                {
                    got++;
                }
            };
            return Over(new RangeTreeWorld(256).Take(0, 200).Take(203, 53), [one, one, one], then: () => Must.Be(got, 3));
        });

    [Test]
    public void Blocks_of_a_word_do_not_overlap()
        => Explore.Exhaustively(() => Over(
            new RangeTreeWorld(64).Take(0, 48), [AllocateAndFree(8, 3), Allocate(4, 2), AllocateAndFree(1, 0)]));

    [Test]
    public void A_small_claim_and_a_claim_of_the_whole_subtree_around_it_exclude_each_other()
    {
        // 256 units: two words a leaf, four leaves, two levels above them.
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [Claim(5, 1), Claim(0, 64)]), preemptions: 3);
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [Claim(5, 1), Claim(0, 128)]), preemptions: 3);
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256).Take(70, 1), [Claim(5, 1), Claim(0, 64), Claim(33, 2)]));
    }

    [Test]
    public void A_small_range_that_comes_and_goes_and_a_claim_of_the_whole_around_it()
    {
        Explore.Exhaustively(() => Over(new RangeTreeWorld(128), [ClaimAndFree(5, 1), Allocate(64, 6), Allocate(64, 6)]));
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [ClaimAndFree(5, 1), ClaimAndFree(0, 128), ClaimAndFree(6, 1)]));
    }

    [Test]
    public void A_word_that_two_make_not_empty_is_counted_once()
    {
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [Claim(5, 1), Claim(6, 1)]), preemptions: 3);
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [ClaimAndFree(5, 1), ClaimAndFree(6, 1), Claim(7, 1)]));
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256).Take(4, 1), [Free(4, 1), ClaimAndFree(6, 1), Claim(0, 64)]));
    }

    [Test]
    public void Long_ranges_do_not_overlap()
    {
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [ClaimAndFree(20, 70), ClaimAndFree(80, 60)]));
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [Claim(20, 70), Claim(80, 60), Claim(89, 1)]), preemptions: 1);
        Explore.Randomly(() => Over(new RangeTreeWorld(256), [AllocateAndFree(100, 0), AllocateAndFree(65, 0), Allocate(70, 0)]), 2_000);
    }

    [Test]
    public void A_claim_of_given_units_wins_or_leaves_no_trace()
        => Explore.Exhaustively(() => Over(new RangeTreeWorld(256), [Claim(60, 70), Claim(126, 2), Claim(0, 61)]), preemptions: 1);

    [Test]
    public void A_range_that_only_a_failing_claim_touched_is_found()
        => Explore.Exhaustively(() => Over(new RangeTreeWorld(128).Take(72, 56), [Claim(0, 70), Claim(64, 1), Allocate(64, 6)]));

    [Test]
    public void A_hole_that_moves_from_before_a_search_to_behind_it_is_not_taken_for_none()
        => Explore.Exhaustively(() =>
        {
            // The search goes downwards: unit 0 is free, then 255 as well, then only 255.
            int got = -1;
            return Over(
                new RangeTreeWorld(256).Take(1, 254).Take(255, 1),
                [
                    world => got = world.Allocate(1, 0),
                    world =>
                    {
                        world.Free(255, 1);
                        world.Claim(0, 1);
                    },
                ],
                then: () => Must.Hold(got >= 0, "there was a free unit at every moment"));
        });

    [Test]
    public void A_bound_that_is_lowered_while_something_is_freed_below_hides_nothing()
    {
        // The search looks for more than there is and lowers the bounds on its way; the free makes room.
        Explore.Exhaustively(() => Over(
            new RangeTreeWorld(256).Take(0, 255).Take(255, 1), [Allocate(1, 0), Free(255, 1)]), preemptions: 3);
        Explore.Exhaustively(() => Over(
            Full(256), [Allocate(4, 2), Free(12, 1), Free(13, 1)]));
        Explore.Exhaustively(() => Over(
            Full(256), [Allocate(2, 1), Allocate(2, 1), Free(140, 1)]));
    }

    [Test]
    public void Units_freed_by_two_are_found_as_one_block()
    {
        Explore.Exhaustively(() => Over(Settled(0, 32, 32), [Free(0, 32), Free(32, 32)]), preemptions: 3);
        Explore.Exhaustively(() => Over(Settled(0, 64, 64), [Free(0, 64), Free(64, 64)]), preemptions: 3);
        Explore.Exhaustively(() => Over(Settled(0, 64, 60), [Free(0, 64), Free(64, 60), Allocate(128, 7)]));

        // Four leaves to a parent: two of them are a block that neither free alone makes.
        Explore.Exhaustively(() => Over(Settled(0, 64, 64, fanShift: 2), [Free(0, 64), Free(64, 64)]), preemptions: 3);
        Explore.Exhaustively(() => Over(Settled(0, 70, 58, fanShift: 2), [Free(0, 70), Free(70, 58)]));
    }

    [Test]
    public void Of_two_frees_of_one_range_exactly_one_wins()
    {
        foreach ((int first, int units, int unit) in ((int, int, int)[])[(3, 5, 7), (24, 8, 25), (20, 90, 100), (64, 64, 100), (31, 2, 32)])
        {
            Explore.Exhaustively(() =>
            {
                int freed = 0;
                Action<RangeTreeWorld> FreeThrough(int one) => world =>
                {
                    if (world.Contend(one))
                    {
                        freed++;
                    }
                };
                return Over(
                    new RangeTreeWorld(256).Take(first, units),
                    [FreeThrough(unit), FreeThrough(first)],
                    after: world => world.Forget(first, units),
                    then: () => Must.Be(freed, 1));
            });
        }
    }

    [Test]
    public void A_late_free_of_exactly_a_range_leaves_a_longer_one_that_begins_in_its_place()
    {
        foreach ((int first, int units, int longer) in ((int, int, int)[])[(4, 2, 5), (24, 8, 20), (60, 4, 10), (40, 50, 60)])
        {
            Explore.Exhaustively(() =>
            {
                bool owner = false;
                bool late = false;
                return Over(
                    new RangeTreeWorld(128).Take(first, units),
                    [
                        world =>
                        {
                            owner = world.Contend(first);
                            if (owner)
                            {
                                world.Forget(first, units);
                                world.Claim(first, longer);
                            }
                        },
                        world => late = world.Tree.TryFreeExactly((ulong)first, (ulong)(first + units - 1)),
                    ],
                    after: world =>
                    {
                        if (late)
                        {
                            world.Forget(first, units);
                        }
                    },
                    then: () => Must.Hold(!(owner && late), "one range was freed twice"));
            });
        }
    }

    [Test]
    public void A_free_and_a_mark_of_one_range_have_one_winner()
    {
        foreach ((int first, int order) in ((int, int)[])[(4, 2), (24, 3), (32, 5)])
        {
            Explore.Exhaustively(() =>
            {
                bool freed = false;
                bool marked = false;
                return Over(
                    new RangeTreeWorld(128).Take(first, 1 << order),
                    [
                        world => freed = world.Contend(first),
                        world => marked = world.Tree.TryMark((ulong)first, order),
                    ],
                    after: world =>
                    {
                        if (!marked)
                        {
                            world.Forget(first, 1 << order);
                        }
                    },
                    then: () => Must.Hold(freed != marked, "one of the two wins"));
            });
        }
    }

    [Test]
    public void A_mark_has_one_winner_and_many_frees_take_marked_ranges_once()
        => Explore.Exhaustively(() =>
        {
            int marks = 0;
            int freed = 0;
            Action<RangeTreeWorld> markAndFree = world =>
            {
                if (world.Tree.TryMark(28, 2))
                {
                    marks++;
                    nuint block = 29;
                    int one = world.Tree.FreeMany(2, &block, 1);
                    freed += one;
                }
            };
            return Over(
                new RangeTreeWorld(128).Take(28, 4).Take(32, 5),
                [markAndFree, markAndFree],
                after: world => world.Forget(28, 4),
                then: () =>
                {
                    Must.Be(marks, 1);
                    Must.Be(freed, 1);
                });
        });

    [TestCase(20, 90)]
    [TestCase(3, 5)]
    [TestCase(64, 64)]
    [TestCase(64, 128)]
    public void A_range_that_comes_and_goes_is_found_with_its_true_ends_or_not_at_all(int first, int units)
    {
        // Neighbours on both sides: a walk must not go astray into them.
        Explore.Exhaustively(() => Over(
            new RangeTreeWorld(256).Take(0, first).Take(first + units, 256 - first - units),
            [ClaimAndFree(first, units), Find(first + (units / 2), first, units)]));
    }

    [Test]
    public void A_range_that_gives_way_to_a_longer_one_is_found_as_the_one_or_the_other()
        => Explore.Exhaustively(
            () => Over(
                new RangeTreeWorld(256).Take(20, 51).Take(111, 9),
                [
                    world =>
                    {
                        world.Free(20, 51);
                        world.Claim(20, 91);
                    },
                    world => Must.Hold(
                        !world.Tree.TryFind(40, out ulong low, out ulong high) || (low == 20 && high is 70 or 110),
                        "a range was found that never was"),
                ]),
            preemptions: 3);

    [Test]
    public void A_range_that_stays_is_found_whatever_happens_beside_it()
        => Explore.Exhaustively(() => Over(
            new RangeTreeWorld(256).Take(20, 90),
            [ClaimAndFree(110, 8), ClaimAndFree(10, 10), world => Must.Hold(world.Tree.TryFind(77, out ulong low, out ulong high) && low == 20 && high == 109)]));

    [Test]
    public void Many_blocks_are_taken_and_freed_at_a_time()
    {
        Action<RangeTreeWorld> many = world =>
        {
            nuint* blocks = stackalloc nuint[20];
            world.FreeMany(1, world.AllocateMany(1, 20, blocks), blocks);
        };
        Explore.Exhaustively(() => Over(new RangeTreeWorld(128).Take(100, 3), [many, AllocateAndFree(3, 0)]));
        Explore.Exhaustively(() => Over(new RangeTreeWorld(64).Take(10, 3), [many, many]));
    }

    [Test]
    public void Random_schedules_of_everything()
        => Explore.Randomly(
            () => Over(
                new RangeTreeWorld(512, fanShift: 2).Take(100, 3).Take(300, 80),
                [AllocateAndFree(64, 6), AllocateAndFree(33, 0), Free(300, 80), ClaimAndFree(0, 128)]),
            4_000);

    [TestCase(1, 0)]
    [TestCase(5, 0)]
    [TestCase(70, 0)]
    [TestCase(64, 6)]
    public void A_search_stopped_forever_stops_nobody(int units, int alignmentOrder)
        => Explore.StoppingOneForever(
            () => Over(new RangeTreeWorld(512), [Allocate(units, alignmentOrder), Repeated(units), Repeated(1)], missing: Math.Max(units, 1)),
            randomEach: 5);

    [TestCase(1)]
    [TestCase(70)]
    [TestCase(128)]
    public void A_free_stopped_forever_stops_nobody(int units)
        => Explore.StoppingOneForever(
            () => Over(new RangeTreeWorld(512).Take(0, units), [Free(0, units), Repeated(units), Repeated(1)], missing: units),
            randomEach: 5);

    [Test]
    public void A_search_that_lowers_bounds_stopped_forever_hides_nothing()
        => Explore.StoppingOneForever(
            () => Over(
                Full(256),
                [
                    Allocate(4, 2),
                    world =>
                    {
                        world.Free(129, 1);
                        Must.Hold(world.Allocate(1, 0) == 129, "what was freed is found at once");
                    },
                ],
                missing: 1),
            randomEach: 5);

    [Test]
    public void What_is_freed_beside_a_free_that_stopped_forever_is_found()
        => Explore.StoppingOneForever(
            () => Over(
                Full(256).Settle(),
                [
                    Free(129, 1),
                    world =>
                    {
                        // The other one may have raised the lower bounds, and not the upper ones.
                        world.Free(130, 1);
                        Must.Hold(world.Allocate(1, 0) >= 0, "130 is free, whatever became of 129");
                    },
                ],
                missing: 1),
            randomEach: 5);

    [Test]
    public void A_claim_that_fails_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(
            () => Over(new RangeTreeWorld(512).Take(69, 1), [Claim(0, 70), Repeated(70), Repeated(66)], missing: 70),
            randomEach: 5);

    internal static Action<RangeTreeWorld> Allocate(int units, int alignmentOrder) => world => world.Allocate(units, alignmentOrder);

    private static Action<RangeTreeWorld> AllocateAndFree(int units, int alignmentOrder)
        => world => world.Free(world.Allocate(units, alignmentOrder), units, units / 2);

    internal static Action<RangeTreeWorld> Claim(int first, int units) => world => world.Claim(first, units);

    internal static Action<RangeTreeWorld> ClaimAndFree(int first, int units)
        => world =>
        {
            if (world.Claim(first, units))
            {
                world.Free(first, units, units - 1);
            }
        };

    internal static Action<RangeTreeWorld> Free(int first, int units) => world => world.Free(first, units, units / 2);

    private static Action<RangeTreeWorld> Find(int unit, int first, int units)
        => world => Must.Hold(
            !world.Tree.TryFind((ulong)unit, out ulong low, out ulong high) || (low == (ulong)first && high == (ulong)(first + units - 1)),
            "a range was found that never was");

    internal static Action<RangeTreeWorld> Repeated(int units)
        => world =>
        {
            for (int i = 0; i < 2; i++)
            {
                int first = world.Allocate(units, 0);
                Must.Hold(first >= 0, "there is room for all, whatever one of them holds");
                world.Free(first, units);
            }
        };

    /// <summary>Every unit a range of its own, and every bound as high as it was at first.</summary>
    private static RangeTreeWorld Full(int units)
    {
        var world = new RangeTreeWorld(units);
        for (int unit = 0; unit < units; unit++)
        {
            world.Take(unit, 1);
        }

        return world;
    }

    /// <summary>A full tree whose bounds say so: two ranges, and the rest.</summary>
    private static RangeTreeWorld Settled(int first, int units, int more, int fanShift = 1)
        => new RangeTreeWorld(256, fanShift).Take(first, units).Take(first + units, more).Take(first + units + more, 256 - first - units - more).Settle();

    internal static Scenario Over(
        RangeTreeWorld world,
        Action<RangeTreeWorld>[] threads,
        int missing = 0,
        Action? then = null,
        Action<RangeTreeWorld>? after = null,
        bool watchNotes = false)
        => new()
        {
            Watched = world.LeafNotes,
            WatchedBytes = watchNotes ? world.LeafNoteBytes : 0,
            Threads = [.. threads.Select<Action<RangeTreeWorld>, Action>(thread => () => thread(world))],
            Check = () =>
            {
                then?.Invoke();
                after?.Invoke(world);
                world.Check(missing);
            },
            CheckAtRest = missing == 0 ? null : () => world.Check(),
            Cleanup = world.Dispose,
        };
}
