using System.Text.Json;
using MagAlloc.Tests.Stress.Analysis;

namespace MagAlloc.Tests.Stress.Tracing;

/// <summary>Recordings of real runs: what the trace adds up to is what the run itself reports.</summary>
[NonParallelizable]
public sealed class TraceRunTests
{
    private TemporaryFolder _folder = null!;

    private string Trace => _folder["run.nettrace"];

    private string Json => _folder["run.json"];

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    // In a process of its own and in this one; with and without threads that end; faults; a heap that runs into its limit.
    [TestCase(false, "hammer", "--threads", "4", "--seconds", "1.5", "--thread-churn", "--faults", "p=0.002", "--seed", "3")]
    [TestCase(true, "hammer", "--threads", "4", "--seconds", "1", "--faults", "p=0.002", "--seed", "4")]
    [TestCase(false, "hammer", "--threads", "3", "--seconds", "1", "--limit", "16MiB", "--policy", "flat", "--seed", "5")]
    [TestCase(false, "iova", "--threads", "4", "--seconds", "1.5", "--thread-churn", "--seed", "6")]
    public void TheSumsOfATrace_AreTheRunsOwnFigures(bool within, params string[] command)
    {
        string[] where = within ? ["--in-process"] : [];

        ProgramRun run = StressProgram.Run(["trace", "-o", Trace, "--everything", .. where, "--", .. command, "--json", Json]);

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        JsonElement report = Report();
        TracedSums sums = TracedSums.Of(Trace);
        Assert.Multiple(() =>
        {
            Assert.That(sums.Dropped, Is.Zero);
            Assert.That(sums.Exchanges, Is.EqualTo(sums.BookedExchanges).And.GreaterThan(0), "exchanges, told and counted");
            Assert.That(sums.Reclaimed, Is.EqualTo(sums.BookedReclaimed).And.GreaterThan(0), "reclaimed magazines, told and counted");
            Assert.That(sums["FaultInjected"], Is.EqualTo(Figure(report, "injectedFaults")));
            Assert.That(run.Output, Does.Contain("dropped events: 0").And.Contain("PASS: "));
            Assert.That(sums["OwnerCreated"], Is.GreaterThanOrEqualTo(1));
            Assert.That(sums["OwnerDisposed"], Is.GreaterThanOrEqualTo(1));
        });
        if (command[0] == "hammer")
        {
            Assert.That(sums.Exchanges, Is.EqualTo(Figure(report, "depotExchanges")));
            Assert.That(sums.Reclaimed, Is.EqualTo(Figure(report, "reclaimedMagazines")));
            Assert.That(sums.PeakCommitted, Is.EqualTo(Figure(report, "peakCommittedBytes")));
            Assert.That(sums["SlabClaimed"], Is.GreaterThan(0));
            Assert.That(sums["SlabRetired"], Is.EqualTo(sums["SlabClaimed"]), "all was freed and trimmed");
        }
        else
        {
            // The run on address ranges takes its figures when its lanes have ended; the worker goes on until the domain is disposed.
            Assert.That(sums.Exchanges, Is.GreaterThanOrEqualTo(Figure(report, "depotExchanges")));
            Assert.That(sums.Reclaimed, Is.GreaterThanOrEqualTo(Figure(report, "reclaimedMagazines")));
        }
    }

    [Test]
    public void ATraceWithoutEverything_HasSamplesAndExchanges_AndTheSameSums()
    {
        ProgramRun run = StressProgram.Run(
            "trace", "-o", Trace, "--speedscope", "--sample-bytes", "64KiB", "--", "hammer", "--threads", "2", "--seconds", "1", "--json", Json);

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        JsonElement report = Report();
        TracedSums sums = TracedSums.Of(Trace);
        using JsonDocument profile = JsonDocument.Parse(File.ReadAllText(_folder["run.speedscope.json"]));
        JsonElement bytes = profile.RootElement.GetProperty("profiles").EnumerateArray().First();
        Assert.Multiple(() =>
        {
            Assert.That(sums.Exchanges, Is.EqualTo(Figure(report, "depotExchanges")).And.GreaterThan(0));
            Assert.That(sums.PeakCommitted, Is.EqualTo(Figure(report, "peakCommittedBytes")));
            Assert.That(sums["AllocationSampled"], Is.GreaterThan(100));
            Assert.That(sums["Committed"] + sums["SlabClaimed"] + sums["ClassStatistics"], Is.Zero, "only with --everything");
            Assert.That(bytes.GetProperty("unit").GetString(), Is.EqualTo("bytes"));
            Assert.That(bytes.GetProperty("endValue").GetDouble(), Is.EqualTo((double)sums.SampledBytes).Within(0.01).Percent);
            Assert.That(
                profile.RootElement.GetProperty("shared").GetProperty("frames").EnumerateArray().Select(frame => frame.GetProperty("name").GetString()),
                Has.Some.Contains("HammerLane"),
                "stacks are resolved");
        });
    }

    [Test]
    public void WithoutSamples_ThereAreNoStacks_AndTheFileIsSmall()
    {
        ProgramRun run = StressProgram.Run("trace", "-o", Trace, "--sample-bytes", "0", "--", "hammer", "--threads", "2", "--seconds", "0.5");

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        TracedSums sums = TracedSums.Of(Trace);
        Assert.That(sums["AllocationSampled"], Is.Zero);
        Assert.That(sums["MagazineExchanged"], Is.GreaterThan(0));
        Assert.That(new FileInfo(Trace).Length, Is.LessThan(1 << 20), "no method names at the end");
    }

    [Test]
    public void TheCommandsFailure_IsTheTraces()
    {
        string missing = _folder["no.trace.gz"];

        ProgramRun run = StressProgram.Run("trace", "-o", Trace, "--", "replay", missing);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("no such file"));
        Assert.That(TracedSums.Of(Trace).Dropped, Is.Zero, "the file is complete");
    }

    private static long Figure(JsonElement report, string key) => report.GetProperty(key).GetInt64();

    private JsonElement Report()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Json));
        return document.RootElement.Clone();
    }
}
