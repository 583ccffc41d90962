using MagAlloc.Bench.Children;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Tests.Bench.Children;

/// <summary>What passes between parent and child arrives as it was sent.</summary>
public sealed class ChildProtocolTests
{
    [Test]
    public void Assignment_SurvivesTheCommandLine()
    {
        ChildAssignment sent = new("pair-64", "mine", 4, Pace.Quick, new PeerSpec("mine", "/opt/a lib.so", "mi_"));

        ChildAssignment? received = ChildAssignment.Of(sent.Arguments);

        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public void Assignment_OfAManagedPeerOnAnAgedHeap_SurvivesTheCommandLine()
    {
        ChildAssignment sent = new(
            "pair-64", "mine", 4, Pace.Full, new ManagedPeerSpec("mine", "/opt/a lib.dll", "N.T", "Allocate", "Free", "Grow"), "batch-256");

        Assert.That(ChildAssignment.Of(sent.Arguments), Is.EqualTo(sent));
    }

    [TestCase]
    [TestCase("pair-64", "magalloc", "1")]
    [TestCase("pair-64", "magalloc", "0", "quick")]
    [TestCase("pair-64", "magalloc", "two", "quick")]
    [TestCase("pair-64", "magalloc", "1", "leisurely")]
    [TestCase("pair-64", "magalloc", "1", "quick", "no peer")]
    [TestCase("pair-64", "magalloc", "1", "quick", "--peer", "no peer")]
    [TestCase("pair-64", "magalloc", "1", "quick", "--managed-peer", "no=peer")]
    [TestCase("pair-64", "magalloc", "1", "quick", "--old", "batch-256")]
    [TestCase("pair-64", "magalloc", "1", "quick", "--aged")]
    public void Assignment_RefusesWhatItIsNot(params string[] arguments) => Assert.That(ChildAssignment.Of(arguments), Is.Null);

    [Test]
    public void Figures_SurviveTheirLine()
    {
        ChildFigures sent = new(
            true,
            new ResidentFigures(30_000_000, 40_000_000),
            new LatencyFigures(20, 40, 90, 12_345, 1_000_000, 20.5),
            new IdleFigures(5, 0.25, 77.5, [new ResidentPoint(0, 1), new ResidentPoint(20.5, 2)], 4, 10.5, 72.5, 640.5));

        string line = sent.ToJson();
        ChildFigures received = ChildFigures.Parse(line);

        Assert.Multiple(() =>
        {
            Assert.That(line, Does.Not.Contain("\n"));
            Assert.That(received.Resident, Is.EqualTo(sent.Resident));
            Assert.That(received.Latency, Is.EqualTo(sent.Latency));
            Assert.That(received.Idle?.Timeline, Is.EqualTo(sent.Idle!.Timeline));
            Assert.That(received.Idle! with { Timeline = [] }, Is.EqualTo(sent.Idle with { Timeline = [] }));
        });
    }

    [Test]
    public void Figures_ThatTheSystemDoesNotGive_AreNull()
    {
        ChildFigures received = ChildFigures.Parse(new ChildFigures(false, null, null, null).ToJson());

        Assert.That(received, Is.EqualTo(new ChildFigures(false, null, null, null)));
    }
}
