using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Magazines;

[TestFixture]
public sealed class DepotTests
{
    [Test]
    public void Exchanges_lose_no_magazine_and_the_count_settles()
    {
        Explore.Exhaustively(() => Over(new DepotWorld(3, 2), depot => depot.Push(2), depot => depot.TryPop(out _), depot => depot.TryPop(out _)));
        Explore.Exhaustively(() => Over(new DepotWorld(2, 2), depot => depot.PopAndPush(1), depot => depot.PopAndPush(1)), preemptions: 3);
        Explore.Randomly(() => Over(new DepotWorld(4, 3), depot => depot.PopAndPush(3), depot => depot.PopAndPush(3), depot => depot.TryPop(out _)), 2_000);
    }

    [Test]
    public void The_end_of_an_interval_never_counts_below_nothing()
        => Explore.Exhaustively(() => Over(
            new DepotWorld(2, 1),
            depot => depot.PopAndPush(2),
            depot =>
            {
                depot.EndInterval();
                depot.EndInterval();
            },
            depot => depot.TryPop(out _)));

    [Test]
    public void A_push_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() => Over(new DepotWorld(4, 3), 1, depot => depot.Push(3), depot => depot.PopAndPush(4), depot => depot.PopAndPush(4)));

    [Test]
    public void A_pop_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() => Over(new DepotWorld(4, 4), 1, depot => depot.TryPop(out _), depot => depot.PopAndPush(4), depot => depot.PopAndPush(4)));

    private static Scenario Over(DepotWorld depot, params Action<DepotWorld>[] threads) => Over(depot, 0, threads);

    private static Scenario Over(DepotWorld depot, int missing, params Action<DepotWorld>[] threads)
        => new()
        {
            Threads = [.. threads.Select<Action<DepotWorld>, Action>(thread => () => thread(depot))],
            Check = () => depot.Check(missing),
            Cleanup = depot.Dispose,
        };
}
