using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Ranges;

[TestFixture]
public sealed class RangeAllocatorTests
{
    [Test]
    public void Single_units_are_handed_out_once_each_down_to_the_last()
        => Explore.Exhaustively(() =>
        {
            int got = 0;
            Action<Ranges> one = ranges =>
            {
                bool found = ranges.Allocate(1) >= 0;
                got += found ? 1 : 0;
            };
            return Over(new Ranges(3), [one, one, one], then: () => Must.Be(got, 3));
        });

    [Test]
    public void Runs_inside_one_word_do_not_overlap()
    {
        Explore.Exhaustively(() => Over(new Ranges(16), [AllocateAndFree(5), Allocate(4), AllocateAndFree(6, 2)]));
        Explore.Exhaustively(() => Over(new Ranges(8), [AllocateAndFree(4), AllocateAndFree(4), Allocate(8)]));
    }

    [Test]
    public void Runs_over_several_words_do_not_overlap()
    {
        Explore.Exhaustively(() => Over(new Ranges(192), [AllocateAndFree(100), AllocateAndFree(70)]));
        Explore.Randomly(() => Over(new Ranges(256), [AllocateAndFree(130), AllocateAndFree(65), Allocate(100, 64)]), 2_000);
    }

    [Test]
    public void Long_and_short_runs_get_along()
        => Explore.Exhaustively(() => Over(new Ranges(130).Take(0, 60), [Allocate(66), AllocateAndFree(1), AllocateAndFree(3)]));

    [Test]
    public void A_claim_of_given_units_wins_or_leaves_no_trace()
        => Explore.Exhaustively(() => Over(new Ranges(130), [Claim(60, 70), Claim(126, 2), Claim(0, 61)]));

    [Test]
    public void A_claim_and_a_search_do_not_get_the_same_units()
        => Explore.Exhaustively(() => Over(new Ranges(70), [Claim(62, 8), Allocate(8, 8), AllocateAndFree(64)]));

    [Test]
    public void A_run_that_only_a_failing_claim_touched_is_found()
    {
        // Word 0 is free; the claim of 0..69 takes it in passing and fails at unit 64 when the other claim was first.
        Explore.Exhaustively(() => Over(new Ranges(128).Take(72, 56), [Claim(0, 70), Claim(64, 1), Allocate(64, 64)]));
        Explore.Exhaustively(() => Over(new Ranges(128).Take(72, 56), [Claim(0, 70), Claim(64, 1), Allocate(1), Allocate(60)]), preemptions: 2);
    }

    [Test]
    public void A_hole_that_moves_from_before_a_search_to_behind_it_is_not_taken_for_none()
        => Explore.Exhaustively(() =>
        {
            // Unit 127 is free, then 0 and 127, then 0: at every moment one of them is.
            int got = -1;
            return Over(
                new Ranges(128).Take(0, 127),
                [
                    ranges => got = ranges.Allocate(1),
                    ranges =>
                    {
                        ranges.Free(0, 1);
                        ranges.Claim(127, 1);
                    },
                ],
                then: () => Must.Hold(got >= 0, "there was a free unit at every moment"));
        });

    [Test]
    public void What_is_freed_is_found_again()
    {
        Explore.Exhaustively(() => Over(new Ranges(128).Take(0, 128), [Free(3, 1), Free(100, 2), AllocateAndFree(1)]));
        Explore.Exhaustively(() => Over(new Ranges(192).Take(0, 192), [Free(0, 80), Free(80, 100), AllocateAndFree(70)]));
    }

    [Test]
    public void The_frontier_lies_behind_every_unit_in_use()
        => Explore.Exhaustively(() =>
        {
            Action<Ranges> take = ranges =>
            {
                int first = ranges.Allocate(2);
                Must.Hold(first < 0 || ranges.Allocator.Frontier >= first + 2);
            };
            return Over(new Ranges(8), [take, take, take]);
        });

    [TestCase(1)]
    [TestCase(5)]
    [TestCase(70)]
    public void A_search_stopped_forever_stops_nobody(int units)
        => Explore.StoppingOneForever(() => Over(
            new Ranges(300), [Allocate(units), Repeated(units), Repeated(1)], missing: units));

    [TestCase(1)]
    [TestCase(70)]
    public void A_free_stopped_forever_stops_nobody(int units)
        => Explore.StoppingOneForever(() => Over(
            new Ranges(300).Take(0, units), [Free(0, units), Repeated(units), Repeated(1)], missing: units));

    [Test]
    public void A_claim_that_fails_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() => Over(
            new Ranges(300), [Claim(0, 70), Repeated(70), Repeated(66)], missing: 70));

    [Test]
    public void A_search_that_nothing_fits_ends_beside_a_thread_that_frees_all_the_time()
    {
        Explore.Exhaustively(Endless, preemptions: 1);
        Explore.Randomly(Endless, 200);

        using Ranges ranges = new Ranges(192).Take(64, 1);
        var company = new FreesBehindEachStep(ranges, unit: 100);
        AtomicSeam.t_scheduler = company;
        int found = ranges.Allocate(128);
        AtomicSeam.t_scheduler = null;
        Must.Be(found, -1);
        TestContext.Out.WriteLine($"{company.Steps} steps");
        Explore.StoppingOneForever(() => Over(new Ranges(192).Take(64, 1), [Claim(100, 2), Search(128), Search(127), Freer(30)], missing: 2));

        static Scenario Endless() => Over(new Ranges(192).Take(64, 1), [Search(128), Freer(30)]);
    }

    [Test]
    public void Two_searches_that_meet_each_other_do_not_keep_each_other_going()
    {
        Explore.Exhaustively(() => Over(new Ranges(256).Take(200, 1), [Search(130), Search(100, 64), Search(129)]), preemptions: 1);
        Explore.StoppingOneForever(() => Over(new Ranges(256), [Claim(60, 140), Search(130), Search(129)], missing: 140));
    }

    // A look has some ten steps here; it may be repeated a few times, whatever the others do.
    private static Action<Ranges> Search(int units, int alignment = 1)
        => ranges =>
        {
            var self = (VirtualThread)AtomicSeam.t_scheduler!;
            int before = self.Steps;
            ranges.Allocate(units, alignment);
            Must.Hold(self.Steps - before < 120, $"{self.Steps - before} steps for a search of four words");
        };

    private static Action<Ranges> Freer(int rounds)
        => ranges =>
        {
            for (int i = 0; i < rounds; i++)
            {
                if (ranges.Claim(100, 1))
                {
                    ranges.Free(100, 1);
                }
            }
        };

    private static Action<Ranges> Allocate(int units, int alignment = 1) => ranges => ranges.Allocate(units, alignment);

    private static Action<Ranges> AllocateAndFree(int units, int alignment = 1)
        => ranges => ranges.Free(ranges.Allocate(units, alignment), units);

    private static Action<Ranges> Repeated(int units)
        => ranges =>
        {
            for (int i = 0; i < 3; i++)
            {
                int first = ranges.Allocate(units);
                Must.Hold(first >= 0, "there is room for all, whatever one of them holds");
                ranges.Free(first, units);
            }
        };

    private static Action<Ranges> Claim(int first, int units) => ranges => ranges.Claim(first, units);

    private static Action<Ranges> Free(int first, int units) => ranges => ranges.Free(first, units);

    private static Scenario Over(Ranges ranges, Action<Ranges>[] threads, int missing = 0, Action? then = null)
        => new()
        {
            Threads = [.. threads.Select<Action<Ranges>, Action>(thread => () => thread(ranges))],
            Check = () =>
            {
                then?.Invoke();
                ranges.Check(missing);
            },
            Cleanup = ranges.Dispose,
        };
}
