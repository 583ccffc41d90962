using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Magazines;

[TestFixture]
public sealed class MagazineStoreTests
{
    [Test]
    public void No_magazine_is_handed_out_twice()
    {
        Explore.Exhaustively(() => Over(new StoreWorld(), store => store.Take(), store => store.Take(), store => store.Take()));
        Explore.Exhaustively(() => Over(new StoreWorld(given: 2), store => store.TakeAndGive(2), store => store.Take(), store => store.Take()));
    }

    [Test]
    public void A_trim_takes_no_page_from_a_holder()
    {
        Explore.Exhaustively(() => Over(new StoreWorld(given: 2), store => store.Trim(), store => store.TakeAndGive(2), store => store.Take()));
        Explore.Exhaustively(() => Over(new StoreWorld(given: 1), store => store.Trim(), store => store.Trim(), store => store.TakeAndGive(1)));
    }

    [Test]
    public void Random_takes_gives_and_trims_keep_the_books()
        => Explore.Randomly(
            () => Over(
                new StoreWorld(given: 3),
                store =>
                {
                    store.Trim();
                    store.Trim();
                },
                store => store.TakeAndGive(4),
                store =>
                {
                    store.Take();
                    store.TakeAndGive(3);
                }),
            3_000);

    [Test]
    public void A_take_stopped_forever_stops_nobody() => Explore.StoppingOneForever(() => Beside(store => store.Take()));

    [Test]
    public void A_give_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() =>
        {
            uint mine = 0;
            return Beside(store => store.Give(mine), store => mine = store.Take()!.Value);
        });

    [Test]
    public void A_trim_stopped_forever_stops_nobody() => Explore.StoppingOneForever(() => Beside(store => store.Trim()));

    private static Scenario Beside(Action<StoreWorld> stopped, Action<StoreWorld>? before = null)
    {
        var world = new StoreWorld(given: 6);
        before?.Invoke(world);
        Action<StoreWorld> work = store =>
        {
            for (int i = 0; i < 3; i++)
            {
                uint? index = store.Take();
                Must.Hold(index is not null, "there are magazines enough");
                store.Give(index!.Value);
                store.Trim();
            }
        };
        return Over(world, missing: 2, stopped, work, work);
    }

    private static Scenario Over(StoreWorld world, params Action<StoreWorld>[] threads) => Over(world, 0, threads);

    private static Scenario Over(StoreWorld world, int missing, params Action<StoreWorld>[] threads)
        => new()
        {
            Threads = [.. threads.Select<Action<StoreWorld>, Action>(thread => () => thread(world))],
            Check = () => world.Check(missing),
            CheckAtRest = () => world.Check(),
            Cleanup = world.Dispose,
        };
}
