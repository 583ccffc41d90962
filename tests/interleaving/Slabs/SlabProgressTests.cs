using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Slabs;

/// <summary>A thread stopped forever in the middle of claim, return, retirement, creation or purge stops nobody.</summary>
[TestFixture]
public sealed class SlabProgressTests
{
    [Test]
    public void A_claim_stopped_forever()
        => Explore.StoppingOneForever(() => Beside(new SlabWorld(), world => world.Take(SlabWorld.Quarters, 2), missing: 4));

    [Test]
    public void A_claim_of_the_last_block_stopped_forever()
        => Explore.StoppingOneForever(() =>
        {
            var world = new SlabWorld();
            world.Take(SlabWorld.Quarters, 3);
            return Beside(world, _ => world.Take(SlabWorld.Quarters, 1), missing: 4);
        });

    [Test]
    public void A_return_stopped_forever()
        => Explore.StoppingOneForever(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Quarters, 4);
            return Beside(world, _ => world.Give(SlabWorld.Quarters, blocks.AsSpan(1, 2)), missing: 4);
        });

    [Test]
    public void A_retirement_stopped_forever()
        => Explore.StoppingOneForever(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Quarters, 4);
            return Beside(world, _ => world.Give(SlabWorld.Quarters, blocks), missing: 4);
        });

    [Test]
    public void A_purge_stopped_forever()
        => Explore.StoppingOneForever(() =>
        {
            var world = new SlabWorld();
            nuint[] blocks = world.Take(SlabWorld.Quarters, 4);
            world.Give(SlabWorld.Quarters, blocks.AsSpan(0, 2));
            return Beside(world, _ => world.Purge(), missing: 4);
        });

    private static Scenario Beside(SlabWorld world, Action<SlabWorld> stopped, int missing)
    {
        Action work = () =>
        {
            for (int i = 0; i < 3; i++)
            {
                nuint[] blocks = world.Take(SlabWorld.Quarters, 2);
                Must.Hold(blocks.Length > 0, "there is memory");
                world.Give(SlabWorld.Quarters, blocks);
                world.Purge();
            }
        };
        return new Scenario
        {
            Threads = [() => stopped(world), work, work],
            Check = () => world.Check(missing),
            CheckAtRest = () => world.Check(),
            Cleanup = world.Dispose,
        };
    }
}
