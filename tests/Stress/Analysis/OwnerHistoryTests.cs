using MagAlloc.Tool.Analysis;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>Whose counters began at 0, and whose began before the trace.</summary>
public sealed class OwnerHistoryTests
{
    private const int Clock = 7;
    private const int Caller = 8;

    /// <summary>A new owner's figures come from the clock; of one that lived before, name and figures come together, from whoever began the session.</summary>
    [TestCase(Clock, true, 9)]
    [TestCase(Caller, false, 4)]
    public void WhoWritesTheFirstFigures_TellsWhetherAnOwnerIsNew(int firstBy, bool isNew, long exchanges)
    {
        OwnerHistory owner = new(1);
        owner.Named("one", "heap", 1.0, Caller);
        owner.Add(Sample(1.0, exchanges: 5), firstBy);
        owner.Add(Sample(1.2, exchanges: 9), Clock);
        Assert.That((owner.BornInTrace, owner.DepotExchanges), Is.EqualTo((isNew, exchanges)));
    }

    /// <summary>While an older session runs its clock may come in between.</summary>
    [Test]
    public void AnOwnerWhoseFiguresCameBeforeItsName_LivedBefore()
    {
        OwnerHistory owner = new(1);
        owner.Add(Sample(0.9, exchanges: 5), Clock);
        owner.Named("old", "heap", 1.0, Caller);
        owner.Add(Sample(1.2, exchanges: 9), Clock);
        Assert.That((owner.BornInTrace, owner.DepotExchanges), Is.EqualTo((false, 4L)));
    }

    private static OwnerSample Sample(double seconds, long exchanges) => new(seconds, 0, 0, 0, 0, 0, 0, exchanges, 0, 1, 0);
}
