using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>A pair of magazines changes places past the slow path only where the slow path has nothing else to do.</summary>
[TestFixture]
public sealed unsafe class SwapTests
{
    private const int Code = 1;
    private VisitedWorld _world = null!;

    [SetUp]
    public void FillThePreviousMagazine()
    {
        _world = new VisitedWorld(capacity: 4);
        _world.Burst(4);
        while (VisitedEntry.TryPop(ThreadCache.Entry(_world.Engine.Current(), Code), 0, ulong.MaxValue, out _, out _))
        {
        }
    }

    [TearDown]
    public void Close() => _world.Engine.Close(null, null, drainThreads: false);

    [Test]
    public void A_full_previous_magazine_is_swapped_in()
        => Assert.That(Swap(), Is.Not.EqualTo((nuint)0));

    [Test]
    public void A_request_to_flush_is_answered_first()
    {
        _world.Engine.RequestFlush();

        Assert.That(Swap(), Is.EqualTo((nuint)0));
    }

    [Test]
    public void A_nested_call_from_a_slow_step_does_not_swap()
    {
        ThreadCache* cache = _world.Engine.Current();
        cache->Slow++;
        nuint swapped = Swap();
        cache->Slow--;

        Assert.That(swapped, Is.EqualTo((nuint)0));
    }

    private nuint Swap() => _world.Engine.SwapAndPopVisited(_world.Engine.Current(), Code, 0, ulong.MaxValue);
}
