using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>Scenarios around one engine.</summary>
internal static unsafe class EngineScenario
{
    /// <summary>Threads that have their caches before the first step.</summary>
    public static Scenario Attached(EngineWorld world, int missing, params Action<EngineWorld>[] threads)
        => Make(world, _ => world.Engine.Current(), () => world.Check(missing), threads);

    /// <summary>Threads that come new to the engine.</summary>
    public static Scenario Unattached(EngineWorld world, int missing, params Action<EngineWorld>[] threads)
        => Make(world, _ => { }, () => world.Check(missing), threads);

    public static Scenario Make(EngineWorld world, Action<int> prepare, Action check, params Action<EngineWorld>[] threads)
        => new()
        {
            Threads = [.. threads.Select<Action<EngineWorld>, Action>(thread => () => thread(world))],
            Prepare = id =>
            {
                // What is left of the previous schedule's engine.
                ThreadRecord.Current.Prune();
                CacheSlot<CountedSource>.t_last = null;
                ThreadRecord.Current.Life.Asleep = 0;
                prepare(id);
            },
            Check = check,
            CheckAtRest = () =>
            {
                if (!world.IsClosed)
                {
                    world.Check();
                }
            },
            Cleanup = () => world.Close(),
        };
}
