using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;
using static MagAlloc.Interleaving.Magazines.EngineScenario;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>Threads whose caches are emptied while they sleep, and which wake in the middle of it.</summary>
[TestFixture]
public sealed unsafe class SleeperTests
{
    [Test]
    public void A_thread_that_wakes_does_not_get_what_a_visitor_takes()
        => Explore.Exhaustively(
            () => Attached(Paused(), 0, world => BurstSleepBurst(world, 2), Trim));

    [Test]
    public void A_thread_that_does_not_sleep_keeps_what_it_has()
        => Explore.Exhaustively(() => Attached(Paused(), 0, Burst(3), Trim));

    [Test]
    public void Two_visitors_take_a_cache_once()
        => Explore.Exhaustively(() => Attached(Paused(), 0, world => BurstSleepBurst(world, 2), Trim, Trim), preemptions: 1);

    [Test]
    public void Sleepers_and_visitors_at_random()
        => Explore.Randomly(
            () => Attached(Paused(), 0, world => BurstSleepBurst(world, 4), world => BurstSleepBurst(world, 5), Trim, Passes),
            5_000);

    [Test]
    public void A_thread_that_sleeps_again_and_two_visitors_at_random()
        => Explore.Randomly(
            () => Attached(
                Paused(),
                0,
                world =>
                {
                    BurstSleepBurst(world, 2);
                    world.Sleep();
                    BurstSleepBurst(world, 2);
                },
                Trim,
                Trim),
            5_000);

    [Test]
    public void A_sleeper_wakes_into_a_disposal()
        => Explore.Exhaustively(() =>
        {
            EngineWorld world = Paused();
            return Make(
                world,
                _ => world.Engine.Current(),
                () => Must.Hold(world.Engine.IsClosed),
                UseUntilClosed,
                one =>
                {
                    Trim(one);
                    one.Close();
                });
        });

    [Test]
    public void A_visitor_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(
            () => Attached(Paused(), missing: 6, Trim, world => BurstSleepBurst(world, 3), world => BurstSleepBurst(world, 2)),
            randomEach: 10);

    [Test]
    public void A_sleeper_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(
            () => Attached(Paused(), missing: 6, world => BurstSleepBurst(world, 3), Trim, Burst(3)),
            randomEach: 10);

    /// <summary>Not a race: what is left behind in a cache that was emptied.</summary>
    [Test]
    public void What_a_sleeper_held_is_at_home_and_it_begins_anew()
    {
        EngineWorld world = Paused();
        world.Burst(3);
        ThreadLife life = ThreadRecord.Current.Life;
        var visitor = new Thread(() => Trim(world));
        life.Asleep = 1;
        visitor.Start();
        visitor.Join();
        life.Asleep = 0;
        Must.Be(world.Engine.CountCached(1), 0);
        Must.Hold(world.Burst(3));
        world.Check();
        world.Close();
    }

    private static EngineWorld Paused() => new(policy: ReclaimPolicy.WorkingSet) { Pauses = true };

    private static Action<EngineWorld> Burst(int count) => world => world.Burst(count);

    private static void BurstSleepBurst(EngineWorld world, int count)
    {
        world.Burst(count);
        world.Sleep();
        world.Burst(count);
    }

    private static void UseUntilClosed(EngineWorld world)
    {
        try
        {
            BurstSleepBurst(world, 2);
        }
        catch (ObjectDisposedException)
        {
            Must.Hold(world.Engine.IsClosed);
        }
    }

    private static void Trim(EngineWorld world)
    {
        if (world.Engine.TryEnter())
        {
            world.Engine.Trim();
            world.Engine.Leave();
        }
    }

    private static void Passes(EngineWorld world)
    {
        for (int i = 0; i < 3; i++)
        {
            world.Engine.Tick();
        }
    }
}
