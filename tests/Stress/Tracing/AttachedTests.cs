using System.Text.Json;
using System.Text.RegularExpressions;
using MagAlloc.Tests.Stress.Analysis;

namespace MagAlloc.Tests.Stress.Tracing;

/// <summary>Sessions with processes that live on, end early, stand still or are killed.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class AttachedTests
{
    private TemporaryFolder _folder = null!;

    private string Trace => _folder["run.nettrace"];

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void ARunningProcess_IsTracedAndWatched_AndGoesOn()
    {
        using ExternalProgram hammer = Hammer(seconds: 30);

        ProgramRun traced = StressProgram.Run("trace", "-o", Trace, "--pid", $"{hammer.Id}", "--seconds", "1.5");
        ProgramRun watched = StressProgram.Run("top", "--pid", $"{hammer.Id}", "--seconds", "1.2", "--interval", "0.3");

        Assert.That(hammer.IsRunning, Is.True);
        hammer.Signal("TERM");
        Assert.That(hammer.AwaitEnd(), Is.Zero, hammer.Output);
        TracedSums sums = TracedSums.Of(Trace);
        Assert.Multiple(() =>
        {
            Assert.That(traced.ExitCode, Is.Zero, traced.Output + traced.Error);
            Assert.That(sums.Dropped, Is.Zero);
            Assert.That(sums["OwnerCreated"], Is.GreaterThan(0), "replayed for owners that were there before the session");
            Assert.That(sums["AllocationSampled"], Is.GreaterThan(0));
            Assert.That(sums["MagazineExchanged"], Is.GreaterThan(0));
            Assert.That(watched.ExitCode, Is.Zero, watched.Output + watched.Error);
            Assert.That(
                watched.Output,
                Does.Match(@"s  heap hammer: allocated .* in threads .* in depots .* committed [\d.]+ MiB, peak .* exchanges/s [\d,]{3,}, .* threads [2-9]"));
            Assert.That(watched.Output, Does.Contain("ended after"));
        });
    }

    [Test]
    public void TopEndsWithTheCommandThatItStarted()
    {
        ProgramRun run = StressProgram.Run("top", "--interval", "0.2", "--", "iova", "--threads", "2", "--seconds", "1.5");

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(run.Output, Does.Contain("PASS: ").And.Match(@"(?s)domain .*: allocated .*has ended").And.Not.Contain("FAILURE"));
    }

    [Test]
    public void TopFindsTheProcessThatUsesTheEngine()
    {
        using ExternalProgram hammer = Hammer(seconds: 30);

        ProgramRun run = StressProgram.Run("top", "--seconds", "0.5", "--interval", "0.2");

        // Where others run the engine too, the choice is the user's; this process is not one to choose.
        Assert.That(run.ExitCode == 0 ? run.Output : run.Error, Does.Match($@"\b{hammer.Id}\b").And.Not.Match($@"\b{Environment.ProcessId}\b"));
        Assert.That(run.ExitCode, Is.Zero.Or.EqualTo(2));
    }

    [TestCase("--")]
    [TestCase("--in-process", "--")]
    public void AnInterruptedRecording_EndsTheCommandCleanly_WithACompleteFile(params string[] where)
    {
        string json = _folder["run.json"];
        using ExternalProgram trace = ExternalProgram.Stress(
            ["trace", "-o", Trace, .. where, "hammer", "--threads", "2", "--seconds", "50", "--json", json]);
        trace.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));

        trace.Signal("TERM");

        Assert.That(trace.AwaitEnd(), Is.Zero, trace.Output);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(json));
        TracedSums sums = TracedSums.Of(Trace);
        Assert.Multiple(() =>
        {
            Assert.That(report.RootElement.GetProperty("interrupted").GetBoolean(), Is.True);
            Assert.That(sums.Exchanges, Is.EqualTo(report.RootElement.GetProperty("depotExchanges").GetInt64()));
            Assert.That(trace.Output, Does.Contain("PASS: interrupted").And.Contain("dropped events: 0"));
        });
    }

    [Test]
    public void AnInterruptedRecordingOfAForeignProcess_LeavesItAlone_WithACompleteFile()
    {
        using ExternalProgram hammer = Hammer(seconds: 30);
        using ExternalProgram trace = ExternalProgram.Stress("trace", "-o", Trace, "--pid", $"{hammer.Id}");
        trace.AwaitOutput(output => output.Contains("traced", StringComparison.Ordinal));

        trace.Signal("TERM");

        Assert.That(trace.AwaitEnd(), Is.Zero, trace.Output);
        Assert.That(hammer.IsRunning, Is.True);
        Assert.That(TracedSums.Of(Trace)["MagazineExchanged"], Is.GreaterThan(0));
    }

    [Test]
    public void EventsThatFindTheBufferFull_AreCounted()
    {
        using ExternalProgram trace = ExternalProgram.Stress(
            "trace", "-o", Trace, "--everything", "--cpu", "--buffer", "1MiB", "--", "hammer", "--threads", "2", "--seconds", "6");
        trace.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));

        // Nobody reads: a bounded buffer must fill, and the hammer must not notice.
        trace.Signal("STOP");
        Thread.Sleep(2500);
        trace.Signal("CONT");

        Assert.That(trace.AwaitEnd(), Is.Zero, trace.Output);
        Assert.That(trace.Output, Does.Match("dropped events: [1-9]").And.Match("FAILURE .* events found the buffers full").And.Contain("PASS: "));
        Assert.That(TracedSums.Of(Trace).Dropped, Is.GreaterThan(0));
    }

    [Test]
    public void AKilledCommand_LeavesAFileThatIsCalledBroken()
    {
        using ExternalProgram trace = ExternalProgram.Stress("trace", "-o", Trace, "--", "hammer", "--threads", "2", "--seconds", "30");
        trace.AwaitOutput(output => output.Contains("traced", StringComparison.Ordinal));

        using ExternalProgram kill = ExternalProgram.Start("kill", "-KILL", Regex.Match(trace.Output, @"\(process (\d+)\)").Groups[1].Value);

        Assert.That(trace.AwaitEnd(), Is.EqualTo(1), trace.Output);
        Assert.That(trace.Output, Does.Contain("lacks its end"));
    }

    private static ExternalProgram Hammer(int seconds)
    {
        ExternalProgram hammer = ExternalProgram.Stress("hammer", "--threads", "2", "--seconds", $"{seconds}");
        hammer.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));
        return hammer;
    }
}
