using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>Threads whose caches are emptied by others while they use them.</summary>
[TestFixture]
public sealed class VisitTests
{
    // Reachable until the test ends: a finalizer in the middle of a schedule would not be scheduled.
    private readonly List<ThreadRecord> _records = [];

    [Test]
    public void A_pop_and_a_visit_do_not_get_the_same_resource()
        => Explore.Exhaustively(
            () => Make(0, world => world.Burst(2), world => world.Allocate(), world => world.Visit()),
            preemptions: 3);

    [Test]
    public void A_swap_and_a_visit_do_not_get_the_same_resource()
        => Explore.Exhaustively(
            () => Make(0, capacity: 4, world => world.Burst(4), world => world.Burst(2), world => world.Visit()),
            preemptions: 3);

    [Test]
    public void An_owner_that_races_with_close_finds_what_it_uses()
        => Explore.Exhaustively(
            () =>
            {
                var world = new VisitedWorld(capacity: 4) { Pauses = true };
                Scenario scenario = world.Scenario(0, () => world.Burst(4), () => UseUntilClosed(world), world.Close);
                return With(scenario, () => Must.Be(world.Releases, 1));
            },
            preemptions: 3);

    [Test]
    public void A_visit_and_close_race_with_an_owner()
        => Explore.Exhaustively(() =>
        {
            var world = new VisitedWorld { Pauses = true };
            Scenario scenario = world.Scenario(
                0,
                () => world.Burst(2),
                () => UseUntilClosed(world),
                () =>
                {
                    world.Visit();
                    world.Close();
                });
            return With(scenario, () => Must.Be(world.Releases, 1));
        });

    [Test]
    public void Swaps_and_visits_at_random()
        => Explore.Randomly(
            () => Make(0, capacity: 4, world => world.Burst(4), world => world.Burst(6), world => world.Burst(5), world => world.Visit()),
            schedules: 5_000);

    [Test]
    public void A_push_and_a_visit_lose_nothing()
        => Explore.Exhaustively(() => Make(
            0,
            world => world.Burst(2),
            world =>
            {
                nuint one = world.Allocate();
                world.Free(one);
            },
            world => world.Visit()));

    [Test]
    public void Several_visits_of_one_cache_in_a_row()
        => Explore.Exhaustively(() => Make(
            0,
            world => world.Burst(2),
            world => world.Burst(1),
            world =>
            {
                world.Visit();
                world.Visit();
            }));

    [Test]
    public void Visits_whose_numbers_have_used_up_their_bits()
        => Explore.Exhaustively(
            () => Make(
                0,
                world =>
                {
                    world.Burst(2);
                    world.SkipVisits((1L << 34) - 1);
                },
                world => world.Burst(1),
                world => world.Visit()));

    [Test]
    public void Two_visitors_of_one_cache()
        => Explore.Exhaustively(
            () => Make(0, world => world.Burst(2), world => world.Burst(1), world => world.Visit(), world => world.Visit()),
            preemptions: 1);

    [Test]
    public void Two_visitors_of_one_cache_at_random()
        => Explore.Randomly(
            () => Make(0, world => world.Burst(3), world => world.Burst(3), world => world.Visit(), world => world.Visit()),
            schedules: 5_000);

    [Test]
    public void Two_flushes_of_everything_at_random()
        => Explore.Randomly(
            () => Make(0, world => world.Burst(5), world => world.Burst(3), world => world.Flush(), world => world.Flush()),
            schedules: 5_000);

    [Test]
    public void A_dead_threads_cache_that_was_emptied_holds_nothing()
        => Explore.Exhaustively(
            () =>
            {
                var world = new VisitedWorld();
                _records.Add(world.LeaveVisitedDeadThread());
                return world.Scenario(0, null, () => world.Engine.Tick(), () => world.Burst(2));
            },
            preemptions: 1);

    [Test]
    public void Bounded_requests_while_magazines_travel()
        => Explore.Randomly(
            () => Make(
                0,
                world => world.Burst(6),
                world => world.Burst(3, 12),
                world => world.Burst(3, 12),
                world =>
                {
                    world.Burst(3);
                    world.Visit();
                }),
            schedules: 5_000);

    [Test]
    public void A_visitor_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(
            () => Make(
                missing: 8,
                _ => { },
                world => world.Visit(),
                world => world.Burst(3),
                world =>
                {
                    world.Burst(3);
                    world.Visit();
                }),
            randomEach: 10);

    [Test]
    public void An_owner_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(
            () => Make(
                missing: 8,
                world => world.Burst(3),
                world => world.Burst(3),
                world =>
                {
                    world.Burst(3);
                    world.Visit();
                },
                world => world.Visit()),
            randomEach: 10);

    [TearDown]
    public void ForgetDeadThreads() => _records.Clear();

    private static Scenario Make(int missing, Action<VisitedWorld> prepare, params Action<VisitedWorld>[] threads)
        => Make(missing, capacity: 2, prepare, threads);

    private static Scenario With(Scenario scenario, Action check)
        => new() { Threads = scenario.Threads, Prepare = scenario.Prepare, Check = check, Cleanup = scenario.Cleanup };

    private static void UseUntilClosed(VisitedWorld world)
    {
        try
        {
            world.Burst(2);
        }
        catch (ObjectDisposedException)
        {
            Must.Hold(world.Engine.IsClosed);
        }

        while (!world.IsClosed)
        {
            // A step, so that the closing thread gets its turn.
            Must.Hold(world.Engine.IsClosed || !world.IsClosed);
        }

        ThreadRecord.Current.Prune();
    }

    private static Scenario Make(int missing, int capacity, Action<VisitedWorld> prepare, params Action<VisitedWorld>[] threads)
    {
        var world = new VisitedWorld(capacity);
        return world.Scenario(missing, () => prepare(world), [.. threads.Select<Action<VisitedWorld>, Action>(thread => () => thread(world))]);
    }
}
