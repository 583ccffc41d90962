using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>What follows from the results: the best peer, the advantages and their means.</summary>
public sealed class ScoreboardTests
{
    [Test]
    public void BestPeer_IsTheFastestNativeLibraryWithoutTransition()
    {
        Scoreboard board = SampleBoard.Create();

        // The P/Invoke is faster in the sample, and does not count.
        Assert.That(board.Events.Select(e => e.BestPeer?.Contender), Is.EqualTo(new[] { "mimalloc", "jemalloc", null }));
    }

    [Test]
    public void Advantage_IsTheOthersTimeByTheOwn()
    {
        WorkloadEvent alpha = SampleBoard.Create().Events[0];

        Assert.Multiple(() =>
        {
            Assert.That(alpha.Advantage("magalloc", alpha.BestPeer), Is.EqualTo(2));
            Assert.That(alpha.Advantage("magalloc-handle", alpha.BestPeer), Is.EqualTo(4));
            Assert.That(alpha.Advantage("magalloc", alpha["native-memory"]), Is.EqualTo(4));
            Assert.That(alpha.Advantage("magalloc", alpha["tcmalloc"]), Is.Null);
        });
    }

    [Test]
    public void Means_GoOverTheWorkloadsThatBothTookPartIn()
    {
        Scoreboard board = SampleBoard.Create();

        Assert.That(board.Means.Select(mean => mean.Contender), Is.EqualTo(new[] { "magalloc", "magalloc-handle" }));
        EngineMean engine = board.Means[0];
        EngineMean handle = board.Means[1];
        Assert.Multiple(() =>
        {
            Assert.That(engine.BestPeer, Is.EqualTo(2).Within(1e-9), "alpha 2, beta 2");
            Assert.That(engine.BestPeerSingleThread, Is.EqualTo(2).Within(1e-9), "alpha alone");
            Assert.That(engine.NativeMemory, Is.EqualTo(4).Within(1e-9), "alpha 4, beta 4");
            Assert.That(engine.Workloads, Is.EqualTo(3));
            Assert.That(handle.BestPeer, Is.EqualTo(4).Within(1e-9));
            Assert.That(handle.Workloads, Is.EqualTo(1));
        });
    }

    [Test]
    public void Means_OfTheLargeAndAged_AreTheirOwn()
    {
        Scoreboard sample = SampleBoard.Create();
        ComparisonLine[] lines =
        [
            .. sample.Lines.Where(line => line.Workload == "alpha"),
            .. sample.Lines.Where(line => line.Workload == "beta").Select(line => line with { Group = WorkloadGroup.LargeAndAged, Threads = 1 }),
            .. sample.Lines.Where(line => line.Workload == "idle").Select(line => line with { Group = WorkloadGroup.Alone }),
        ];

        Scoreboard board = new(lines, sample.Contenders);

        Assert.That(
            board.Means.Select(mean => (mean.Group, mean.Contender, mean.Workloads)),
            Is.EqualTo(new[]
            {
                (WorkloadGroup.Board, "magalloc", 1), (WorkloadGroup.Board, "magalloc-handle", 1), (WorkloadGroup.LargeAndAged, "magalloc", 1),
            }));
        Assert.That(SummaryTable.Sentence(board.Means[2]), Does.StartWith("magalloc, large and aged: 2.00 ×"));
    }

    [Test]
    public void Summary_HasTheMedianAndTheExtremes()
    {
        RoundSummary summary = RoundSummary.Of([5, 1, 9, 3], settled: true);

        Assert.That((summary.Median, summary.Min, summary.Max, summary.Rounds), Is.EqualTo((4.0, 1.0, 9.0, 4)));
    }
}
