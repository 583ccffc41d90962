using MagAlloc.Interleaving.Exploration;
using static MagAlloc.Interleaving.Ranges.RangeTreeTests;

namespace MagAlloc.Interleaving.Ranges;

/// <summary>
/// Requests that no free power of two covers: what a search notes of the free runs, beside frees and claims. At the end of
/// each schedule the tree's audit compares every note with the runs that are there.
/// </summary>
[TestFixture]
public sealed class RangeRunTests
{
    [TestCase(false)]
    [TestCase(true)]
    public void A_note_that_is_written_while_something_is_freed_below_hides_nothing(bool noted)
    {
        // Pairs in use between pairs that are free: a search for three refuses, or finds what the free made.
        Explore.Exhaustively(() => Over(Pairs(128, noted), [Allocate(3, 0), Free(36, 2)]), preemptions: 3);
        Explore.Exhaustively(() => Over(Pairs(128, noted), [Allocate(3, 2), Free(100, 2)]));
        Explore.Exhaustively(() => Over(Pairs(128, noted), [Allocate(3, 0), Free(64, 2)])); // a border between leaves
    }

    [Test]
    public void Two_searches_and_a_free_leave_no_note_that_hides_something()
        => Explore.Exhaustively(() => Over(Pairs(64, noted: false), [Allocate(3, 0), Allocate(5, 0), Free(36, 2)]), most: 1_000_000);

    [Test]
    public void What_two_free_is_one_run()
    {
        Explore.Exhaustively(() => Over(Singles(128), [Allocate(3, 0), Free(61, 1), Free(62, 1)]), most: 1_000_000);
        Explore.Exhaustively(() => Over(Singles(128), [Allocate(3, 0), Free(63, 1), Free(64, 1)]), most: 1_000_000);
    }

    [Test]
    public void A_leaf_that_is_freed_as_a_whole_and_what_lies_beside_it_are_one_run()
    {
        Explore.Exhaustively(() => Over(
            new RangeTreeWorld(256).Take(0, 62).Take(64, 64).Take(129, 127), [Allocate(65, 0), Free(64, 64)]));
        Explore.Exhaustively(() => Over(
            new RangeTreeWorld(256).Take(0, 62).Take(64, 64).Take(129, 127), [Allocate(65, 0), Allocate(66, 1), Free(64, 64)]));
    }

    [Test]
    public void A_leaf_that_is_claimed_as_a_whole_while_a_search_is_in_it_keeps_no_note()
        => Explore.Exhaustively(
            () => Over(
                new RangeTreeWorld(128).Take(20, 1).Take(64, 64),
                [
                    Allocate(45, 0),
                    world =>
                    {
                        world.Free(20, 1);
                        world.Free(world.Claim(0, 64) ? 0 : -1, 64);
                        world.Claim(63, 1); // what is empty needs no note
                    },
                ]),
            preemptions: 3);

    [Test]
    public void The_first_pass_of_all_beside_a_free_that_has_seen_no_notes_yet()
        => Explore.Exhaustively(() =>
        {
            // Exact bounds, no notes: the first leaf's says that nothing is free in it, until the free has raised it.
            RangeTreeWorld world = new RangeTreeWorld(128).Take(0, 36).Take(36, 3).Take(39, 35).Take(76, 52);
            for (int order = 6; order >= 0; order--)
            {
                world.Free(world.Allocate(1 << order, order), 1 << order);
            }

            return Over(world, [Allocate(3, 0), Free(36, 3)]);
        });

    [Test]
    public void What_is_held_above_is_no_reason_for_a_note_below()
        => Explore.Exhaustively(
            () => Over(
                new RangeTreeWorld(256).Take(20, 1).Take(128, 128),
                [
                    Allocate(100, 0),
                    world =>
                    {
                        world.Free(20, 1);
                        world.Free(world.Claim(0, 128) ? 0 : -1, 128);
                        world.Claim(127, 1);
                    },
                ]),
            preemptions: 3);

    [Test]
    public void A_claim_that_gives_up_leaves_no_note_that_hides_what_it_held()
    {
        Explore.Exhaustively(() => Over(new RangeTreeWorld(128).Take(50, 30), [Claim(20, 31), Allocate(45, 0)]));
        Explore.Exhaustively(() => Over(new RangeTreeWorld(256).Take(150, 30).Take(20, 1), [Claim(30, 122), Allocate(105, 0)]));
    }

    [Test]
    public void A_run_that_is_shorter_at_the_top_meanwhile_is_used_further_down()
        => Explore.Exhaustively(() =>
        {
            int got = -1;
            return Over(
                new RangeTreeWorld(128).Take(0, 10).Take(90, 38), [world => got = world.Allocate(70, 0), Claim(88, 2), Claim(87, 1)],
                then: () => Must.Hold(got >= 0, "there was room for 70 below whatever the others took"));
        });

    [Test]
    public void A_search_for_a_run_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(
            () => Over(
                Pairs(128, noted: false),
                [
                    Allocate(3, 0),
                    world =>
                    {
                        Must.Hold(world.Allocate(5, 2) < 0);
                        world.Free(100, 2);
                        Must.Hold(world.Allocate(3, 0) is 98 or 101, "what was freed is found at once");
                    },
                ],
                missing: 3),
            randomEach: 5);

    [TestCase(254)]
    [TestCase(192)]
    public void A_claim_in_the_only_run_stopped_forever_stops_no_search(int unit)
        => Explore.StoppingOneForever(
            () => Over(new RangeTreeWorld(256).Take(0, 120), [Claim(unit, 1), Repeated(70)], missing: 1),
            randomEach: 5);

    [Test]
    public void Random_schedules_of_searches_for_runs()
        => Explore.Randomly(
            () => Over(
                Pairs(256, noted: true),
                [Allocate(3, 0), Free(60, 2), Allocate(5, 1), Free(64, 2), Allocate(3, 2), Free(200, 2)]),
            4_000);

    [Test]
    public void Two_searches_beside_a_claim_that_is_stopped_in_the_only_run_do_not_keep_each_other_going()
        => Explore.StoppingOneForever(
            () => Over(
                new RangeTreeWorld(256).Take(0, 128),
                [Claim(150, 1), Allocate(100, 6), Allocate(100, 6)],
                missing: 1),
            randomEach: 5);

    [Test]
    public void An_erased_note_that_a_processor_holds_back_is_behind_nothing_that_is_read_above()
        => Explore.Exhaustively(
            () =>
            {
                // Nothing but the leaf's own note says that there are no three in a row in it, and no bound changes when there are.
                var world = new RangeTreeWorld(128);
                for (int unit = 0; unit < 128; unit += 4)
                {
                    world.Take(unit, 1).Take(unit + 1, 1);
                }

                Must.Hold(world.Allocate(3, 0) < 0);
                world.Free(4, 1);
                world.Take(4, 1);
                return Over(world, [Allocate(3, 0), Free(100, 1)], watchNotes: true);
            },
            preemptions: 3);

    /// <summary>Of every four units the lower two are in use.</summary>
    private static RangeTreeWorld Pairs(int units, bool noted)
    {
        var world = new RangeTreeWorld(units);
        for (int unit = 0; unit < units; unit += 4)
        {
            world.Take(unit, 2);
        }

        Must.Hold(!noted || (world.Allocate(3, 0) < 0 && world.Allocate(3, 2) < 0));
        return world;
    }

    /// <summary>Every unit a range of its own.</summary>
    private static RangeTreeWorld Singles(int units)
    {
        var world = new RangeTreeWorld(units);
        for (int unit = 0; unit < units; unit++)
        {
            world.Take(unit, 1);
        }

        return world;
    }
}
