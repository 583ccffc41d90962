using System.Reflection;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;
using static MagAlloc.Interleaving.Magazines.EngineScenario;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>Threads that die, threads that take over their caches, and the end of the engine.</summary>
[TestFixture]
public sealed unsafe class CacheLifeTests
{
    // Reachable until the fixture ends: a finalizer in the middle of a schedule would not be scheduled.
    private readonly List<ThreadRecord> _records = [];

    [Test]
    public void A_dead_threads_cache_is_drained_by_one_of_those_who_find_it()
        => Explore.Exhaustively(() => Unattached(WithDeadThread(), 0, Pass, Pass));

    [Test]
    public void A_drained_cache_is_taken_over_by_one_new_thread()
        => Explore.Exhaustively(() => Unattached(WithDeadThread(), 0, Pass, world => world.Burst(1), world => world.Burst(1)), preemptions: 1);

    [Test]
    public void A_late_finalizer_does_not_drain_the_successor()
        => Explore.Exhaustively(() =>
        {
            var world = new EngineWorld();
            ThreadRecord record = world.LeaveDeadThread(5);
            _records.Add(record);
            (CacheNode node, CacheTicket seen) = NodeOf(record);
            return Unattached(
                world,
                0,
                _ => world.Engine.Reap(node, seen),
                _ =>
                {
                    world.Engine.ReapDeadThreads();
                    world.Burst(1);
                });
        });

    [Test]
    public void Close_waits_for_guests_and_releases_once()
        => Explore.Exhaustively(() =>
        {
            var world = new EngineWorld();
            world.Engine.FlushCurrent(keepFullInDepot: false);
            int closed = 0;
            Action<EngineWorld> close = _ =>
            {
                bool mine = world.Close();
                closed += mine ? 1 : 0;
            };
            return Make(
                world,
                _ => { },
                () =>
                {
                    Must.Be(closed, 1);
                    Must.Be(world.Discards, 1);
                    Must.Be(world.Releases, 1);
                },
                VisitAsGuest,
                close,
                close);
        });

    [Test]
    public void An_owner_that_races_with_close_finds_its_memory_mapped_until_it_is_elsewhere()
        => Explore.Exhaustively(
            () =>
            {
                var world = new EngineWorld();
                return Make(
                    world,
                    _ => world.Engine.Current(),
                    () =>
                    {
                        Must.Be(world.Discards, 1);
                        Must.Be(world.Releases, 1);
                    },
                    WorkUntilClosed,
                    _ => Must.Hold(world.Close()));
            });

    [Test]
    public void A_fast_path_that_races_with_close_finds_what_it_looks_at()
        => Explore.Exhaustively(
            () =>
            {
                var world = new EngineWorld { Pauses = true };
                return Make(
                    world,
                    _ => world.Burst(2),
                    () => Must.Be(world.Releases, 1),
                    world =>
                    {
                        UseUntilClosed(world);
                        LeaveWhenClosed(world);
                    },
                    _ => Must.Hold(world.Close()));
            },
            preemptions: 3);

    [Test]
    public void What_an_idle_thread_did_not_use_last_is_unmapped_at_once()
        => Explore.Exhaustively(
            () =>
            {
                var world = new EngineWorld { Pauses = true };
                var other = new EngineWorld { Pauses = true };
                return Make(
                    world,
                    _ =>
                    {
                        world.Burst(2);
                        other.Engine.Current();
                    },
                    () =>
                    {
                        // Of the other one nothing is unmapped, so that its owner finds it.
                        Must.Be(world.Releases, 1);
                        other.Close();
                    },
                    _ => other.Burst(2),
                    _ => Must.Hold(world.Close()));
            });

    [Test]
    public void A_thread_that_comes_back_from_another_engine_races_with_close()
        => Explore.Exhaustively(
            () =>
            {
                var world = new EngineWorld { Pauses = true };
                var other = new EngineWorld();
                return Make(
                    world,
                    _ =>
                    {
                        world.Burst(1);
                        other.Burst(1);
                    },
                    () =>
                    {
                        Must.Be(world.Releases, 1);
                        other.Close();
                    },
                    _ =>
                    {
                        UseUntilClosed(world);
                        other.Burst(1);
                        UseUntilClosed(world);
                        LeaveWhenClosed(world);
                    },
                    _ => Must.Hold(world.Close()));
            });

    [Test]
    public void A_new_thread_that_races_with_close_gets_a_cache_or_the_exception()
        => Explore.Exhaustively(() =>
        {
            var world = new EngineWorld();
            return Make(world, _ => { }, () => Must.Be(world.Releases, 1), WorkUntilClosed, _ => Must.Hold(world.Close()));
        });

    [Test]
    public void A_pass_that_drains_a_dead_thread_while_the_engine_closes()
        => Explore.Exhaustively(
            () =>
            {
                EngineWorld world = WithDeadThread();
                return Make(
                    world,
                    _ => { },
                    () =>
                    {
                        Must.Be(world.Discards, 1);
                        Must.Be(world.Releases, 1);
                    },
                    VisitAsGuest,
                    _ => Must.Hold(world.Close()));
            },
            preemptions: 1);

    [Test]
    public void Of_two_who_move_a_node_on_one_wins()
        => Explore.Exhaustively(() =>
        {
            var node = new CacheNode(new EngineWorld().Engine, ThreadRecord.Current.Life, new LastUse()) { Cache = null };
            int moved = 0;
            Action move(CacheNodeState to) => () =>
            {
                CacheTicket seen = node.Ticket;
                bool mine = seen.State == CacheNodeState.Live && node.TryMove(seen, to);
                moved += mine ? 1 : 0;
            };
            return new Scenario
            {
                Threads = [move(CacheNodeState.Draining), move(CacheNodeState.Orphan), move(CacheNodeState.Gone)],
                Check = () => Must.Be(moved, 1),
            };
        });

    [Test]
    public void A_thread_stopped_forever_while_it_drains_a_dead_one_stops_nobody()
        => Explore.StoppingOneForever(() => Unattached(WithDeadThread(), missing: 8, Pass, Work, Work), randomEach: 10);

    [Test]
    public void A_thread_stopped_forever_while_it_takes_over_a_cache_stops_nobody()
        => Explore.StoppingOneForever(
            () =>
            {
                EngineWorld world = WithDeadThread();
                world.Engine.ReapDeadThreads();
                return Unattached(world, missing: 4, _ => world.Burst(2), Work, Work);
            },
            randomEach: 10);

    [TearDown]
    public void ForgetDeadThreads() => _records.Clear();

    private static (CacheNode Node, CacheTicket Seen) NodeOf(ThreadRecord record)
    {
        FieldInfo field = typeof(ThreadRecord).GetField("_nodes", BindingFlags.NonPublic | BindingFlags.Instance)!;
        CacheNode node = ((List<(CacheNode Node, long Generation)>)field.GetValue(record)!)[^1].Node;
        return (node, node.Ticket);
    }

    private static void Pass(EngineWorld world) => world.Engine.Tick();

    private static void Work(EngineWorld world)
    {
        Must.Hold(world.Burst(6), "there are resources enough");
        world.Engine.Tick();
        Must.Hold(world.Burst(6), "there are resources enough");
    }

    private static void VisitAsGuest(EngineWorld world)
    {
        if (!world.Engine.TryEnter())
        {
            Must.Hold(world.Engine.IsClosed);
            return;
        }

        Must.Be(world.Discards, 0, "discards while a guest is inside");
        world.Engine.Tick();
        Must.Be(world.Discards + world.Releases, 0, "discards and releases while a guest is inside");
        world.Engine.Leave();
    }

    /// <summary>Once, or until the exception comes.</summary>
    private static void UseUntilClosed(EngineWorld world)
    {
        try
        {
            world.Burst(1);
            world.Burst(1);
        }
        catch (ObjectDisposedException)
        {
            Must.Hold(world.Engine.IsClosed);
        }
    }

    private static void WorkUntilClosed(EngineWorld world)
    {
        try
        {
            world.Burst(3);
            world.Burst(3);
        }
        catch (ObjectDisposedException)
        {
            Must.Hold(world.Engine.IsClosed);
        }

        LeaveWhenClosed(world);
    }

    private static void LeaveWhenClosed(EngineWorld world)
    {
        while (!world.IsClosed)
        {
            // A step, so that the closing thread gets its turn.
            Must.Hold(world.Engine.IsClosed || !world.IsClosed);
        }

        ThreadRecord.Current.Prune();
    }

    private EngineWorld WithDeadThread()
    {
        var world = new EngineWorld();
        _records.Add(world.LeaveDeadThread(5));
        return world;
    }
}
