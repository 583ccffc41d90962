using MagAlloc.Interleaving.Exploration;
using static MagAlloc.Interleaving.Magazines.EngineScenario;

namespace MagAlloc.Interleaving.Magazines;

[TestFixture]
public sealed class MagazineEngineTests
{
    [Test]
    public void Magazines_that_go_through_the_depot_carry_every_resource_once()
    {
        Explore.Exhaustively(() => Attached(new EngineWorld(), 0, Burst(5), Burst(4)));
        Explore.Randomly(() => Attached(new EngineWorld(), 0, Burst(6), Burst(7), Burst(6)), 3_000);
    }

    [Test]
    public void Resources_freed_by_another_thread_are_not_lost()
        => Explore.Exhaustively(() =>
        {
            var world = new EngineWorld();
            nuint[] resources = [.. Enumerable.Range(0, 6).Select(_ => world.Allocate())];
            return Attached(
                world,
                0,
                _ => Array.ForEach(resources[..3], world.Free),
                _ => Array.ForEach(resources[3..], world.Free),
                Burst(3));
        });

    [TestCase(ReclaimPolicy.Flat)]
    [TestCase(ReclaimPolicy.WorkingSet)]
    public void A_reclaim_pass_beside_exchanges_loses_nothing(ReclaimPolicy policy)
        => Explore.Exhaustively(() => Attached(WithFullDepot(policy), 0, Burst(3), world => world.Engine.Tick()));

    [Test]
    public void Two_passes_and_a_trim_at_once_bring_everything_home_once()
    {
        Explore.Exhaustively(
            () => Attached(WithFullDepot(ReclaimPolicy.Flat), 0, world => world.Engine.Tick(), world => world.Engine.Trim()));
        Explore.Randomly(
            () => Attached(
                WithFullDepot(ReclaimPolicy.WorkingSet), 0, world => world.Engine.Tick(), world => world.Engine.Tick(), Burst(6)),
            2_000);
    }

    [Test]
    public void A_depot_without_room_sends_resources_to_the_source()
        => Explore.Exhaustively(() => Attached(new EngineWorld(depotBudget: 1), 0, Burst(6), Burst(6)), preemptions: 1);

    [Test]
    public void A_request_to_flush_is_answered_without_loss()
        => Explore.Randomly(
            () => Attached(
                new EngineWorld(),
                0,
                Burst(6),
                Burst(6),
                world =>
                {
                    world.Engine.RequestFlush();
                    world.Engine.FlushCurrent(keepFullInDepot: false);
                    world.Engine.RequestFlush();
                }),
            3_000);

    [Test]
    public void An_exchange_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() => Attached(WithFullDepot(ReclaimPolicy.Flat), missing: 4, Burst(6), Work, Work));

    [Test]
    public void A_spill_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() =>
        {
            var world = new EngineWorld();
            nuint[] resources = [.. Enumerable.Range(0, 7).Select(_ => world.Allocate())];
            return Attached(world, missing: 4, _ => Array.ForEach(resources, world.Free), Work, Work);
        });

    [TestCase(ReclaimPolicy.Flat)]
    [TestCase(ReclaimPolicy.WorkingSet)]
    public void A_reclaim_pass_stopped_forever_stops_nobody(ReclaimPolicy policy)
        => Explore.StoppingOneForever(() => Attached(
            WithFullDepot(policy),
            missing: 4,
            world =>
            {
                world.Engine.Tick();
                world.Engine.Tick();
                world.Engine.Tick();
            },
            Work,
            Work));

    [Test]
    public void A_trim_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(
            () => Attached(WithFullDepot(ReclaimPolicy.Flat), missing: 4, world => world.Engine.Trim(), Work, Work), randomEach: 5);

    private static Action<EngineWorld> Burst(int count) => world => world.Burst(count);

    private static void Work(EngineWorld world)
    {
        for (int i = 0; i < 2; i++)
        {
            Must.Hold(world.Burst(6), "there are resources enough");
            world.Engine.Tick();
        }
    }

    private static EngineWorld WithFullDepot(ReclaimPolicy policy)
    {
        var world = new EngineWorld(policy: policy);
        world.Burst(6);
        if (policy == ReclaimPolicy.WorkingSet)
        {
            // What it sees now lay there for a whole interval.
            world.Engine.Tick();
        }

        world.Engine.FlushCurrent(keepFullInDepot: true);
        return world;
    }
}
