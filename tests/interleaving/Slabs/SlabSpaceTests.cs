using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Slabs;

[TestFixture]
public sealed class SlabSpaceTests
{
    [Test]
    public void No_block_is_handed_out_twice_while_slabs_are_made()
        => Explore.Exhaustively(() => Over(
            new SlabWorld(),
            world => world.Take(SlabWorld.Quarters, 3),
            world => world.Take(SlabWorld.Quarters, 2)));

    [Test]
    public void No_block_is_handed_out_twice_while_slabs_are_retired_and_made_again()
    {
        Explore.Exhaustively(() => Over(new SlabWorld(), TakeAndGive(SlabWorld.Halves, 2), TakeAndGive(SlabWorld.Halves, 1)));
        Explore.Randomly(
            () => Over(
                new SlabWorld(),
                TakeAndGive(SlabWorld.Halves, 1, times: 3),
                TakeAndGive(SlabWorld.Halves, 2, times: 3),
                TakeAndGive(SlabWorld.Halves, 1, times: 3)),
            3_000);
    }

    [Test]
    public void A_block_that_comes_back_last_retires_the_slab_unless_another_one_leaves_it()
        => Explore.Exhaustively(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Quarters, 4);
            return Over(
                world,
                _ => world.Give(SlabWorld.Quarters, blocks.AsSpan(0, 2)),
                _ => world.Give(SlabWorld.Quarters, blocks.AsSpan(2)),
                _ => world.Take(SlabWorld.Quarters, 1));
        });

    [Test]
    public void Blocks_of_two_words_come_and_go_without_loss()
        => Explore.Exhaustively(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Small, 66);
            return Over(
                world,
                _ => world.Give(SlabWorld.Small, blocks.AsSpan(60)),
                _ => world.Take(SlabWorld.Small, 3),
                _ => world.Give(SlabWorld.Small, blocks[59]));
        });

    [Test]
    public void A_chunk_that_changes_its_class_deceives_nobody()
    {
        Explore.Exhaustively(() =>
        {
            var world = new SlabWorld(chunks: 64);
            nuint[] blocks = world.Take(SlabWorld.Halves, 1);
            return Over(
                world,
                _ => world.Take(SlabWorld.Halves, 1),
                _ =>
                {
                    world.Give(SlabWorld.Halves, blocks);
                    nuint[] quarter = world.Take(SlabWorld.Quarters, 1);
                    world.Give(SlabWorld.Quarters, quarter);
                    world.Take(SlabWorld.Halves, 1);
                });
        });
        Explore.Randomly(
            () => Over(
                new SlabWorld(),
                TakeAndGive(SlabWorld.Halves, 1, times: 2),
                TakeAndGive(SlabWorld.Quarters, 2, times: 2),
                TakeAndGive(SlabWorld.Wholes, 1, times: 2)),
            3_000);
    }

    [Test]
    public void A_bitmap_left_by_another_class_is_never_taken_for_the_new_slabs()
    {
        // Chunk 0 served a class of many blocks before: its words are full of ones.
        Explore.Randomly(
            () =>
            {
                var world = new SlabWorld();
                world.Give(SlabWorld.Small, world.Take(SlabWorld.Small, 1));
                return Over(
                    world,
                    TakeAndGive(SlabWorld.Halves, 1, times: 2),
                    TakeAndGive(SlabWorld.Halves, 2, times: 2),
                    TakeAndGive(SlabWorld.Halves, 1, times: 2));
            },
            3_000);
    }

    [Test]
    public void A_purge_takes_no_memory_from_a_holder()
    {
        Explore.Exhaustively(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Quarters, 4);
            world.Give(SlabWorld.Quarters, blocks[2]);
            return Over(
                world, _ => world.Purge(), _ => world.Take(SlabWorld.Quarters, 2), _ => world.Give(SlabWorld.Quarters, blocks[1]));
        });
        Explore.Exhaustively(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Halves, 1);
            return Over(world, _ => world.Purge(), _ => world.Give(SlabWorld.Halves, blocks), TakeAndGive(SlabWorld.Halves, 1));
        });
    }

    [Test]
    public void What_is_freed_during_a_purge_goes_with_the_next_one()
        => Explore.Exhaustively(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Quarters, 4);
            world.Give(SlabWorld.Quarters, blocks[2]);
            return Over(
                world,
                [_ => world.Purge(), _ => world.Give(SlabWorld.Quarters, blocks[1]), _ => world.Give(SlabWorld.Quarters, blocks[0])],
                then: world.CheckNothingStaysCommitted);
        });

    [Test]
    public void Two_purges_get_along()
        => Explore.Exhaustively(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Halves, 3);
            world.Give(SlabWorld.Halves, blocks[0]);
            return Over(
                world,
                [_ => world.Purge(), _ => world.Purge(), _ => world.Give(SlabWorld.Halves, blocks[1])],
                then: world.CheckNothingStaysCommitted);
        });

    [Test]
    public unsafe void The_partial_map_converges_even_when_its_writes_linger_in_store_buffers()
        => Explore.Exhaustively(() =>
        {
            // As on x64, where only a full fence keeps a look at the state behind the write of the map: the one takes the last
            // free block and writes "none", the other brings one home and writes "some".
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Quarters, 3);
            return Over(
                world,
                [_ => world.Give(SlabWorld.Quarters, blocks[0]), _ => world.Take(SlabWorld.Quarters, 1)],
                then: null,
                watchPartialMap: true);
        });

    [Test]
    public void Two_threads_that_commit_one_page_charge_it_once()
        => Explore.Exhaustively(() =>
        {
            var world = new SlabWorld();
            world.Take(SlabWorld.Small, 64);
            return Over(
                world,
                [_ => world.Take(SlabWorld.Small, 1), _ => world.Take(SlabWorld.Small, 1)],
                then: world.CheckCommitted);
        });

    private static Action<SlabWorld> TakeAndGive(int code, int count, int times = 1)
        => world =>
        {
            for (int i = 0; i < times; i++)
            {
                world.Give(code, world.Take(code, count));
            }
        };

    private static Scenario Over(SlabWorld world, params Action<SlabWorld>[] threads) => Over(world, threads, then: null);

    private static unsafe Scenario Over(SlabWorld world, Action<SlabWorld>[] threads, Action? then, bool watchPartialMap = false)
        => new()
        {
            Threads = [.. threads.Select<Action<SlabWorld>, Action>(thread => () => thread(world))],
            Watched = world.Arena.PartialMap,
            WatchedBytes = watchPartialMap ? 8 : 0,
            Check = () =>
            {
                then?.Invoke();
                world.Check();
            },
            Cleanup = world.Dispose,
        };
}
