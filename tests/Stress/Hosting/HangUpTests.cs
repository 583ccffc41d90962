using System.Text.Json;
using MagAlloc.Tests.Stress.Analysis;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Stress.Hosting;

/// <summary>A terminal that is closed ends a run as SIGTERM does: with its results so far.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class HangUpTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("hammer", "--threads", "1")]
    [TestCase("iova", "--threads", "1")]
    [TestCase("share", "--importers", "1")]
    public void The_report_is_written(params string[] command)
    {
        string json = _folder["run.json"];
        using ExternalProgram run = ExternalProgram.Stress([.. command, "--seconds", "60", "--json", json]);
        run.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));

        run.Signal("HUP");

        Assert.That(run.AwaitEnd(), Is.Zero, run.Output);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(json));
        Assert.That(report.RootElement.GetProperty("interrupted").GetBoolean(), Is.True);
    }

    [TestCase("--")]
    [TestCase("--in-process", "--")]
    public void The_trace_of_a_command_is_complete(params string[] where)
    {
        string trace = _folder["run.nettrace"];
        using ExternalProgram run = ExternalProgram.Stress(["trace", "-o", trace, .. where, "hammer", "--threads", "1", "--seconds", "60"]);
        run.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));

        run.Signal("HUP");

        Assert.That(run.AwaitEnd(), Is.Zero, run.Output);
        Assert.That(StressProgram.Run("analyze", trace, "--strict").ExitCode, Is.Zero);
    }

    [Test]
    public void The_trace_of_a_process_is_complete_and_it_goes_on_and_so_does_top_end()
    {
        string trace = _folder["run.nettrace"];
        using ExternalProgram hammer = ExternalProgram.Stress("hammer", "--threads", "1", "--seconds", "60");
        hammer.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));
        using ExternalProgram run = ExternalProgram.Stress("trace", "-o", trace, "--pid", $"{hammer.Id}");
        run.AwaitOutput(output => output.Contains("traced", StringComparison.Ordinal));
        run.Signal("HUP");
        Assert.That(run.AwaitEnd(), Is.Zero, run.Output);
        Assert.That(StressProgram.Run("analyze", trace, "--strict").ExitCode, Is.Zero);

        using ExternalProgram top = ExternalProgram.Stress("top", "--pid", $"{hammer.Id}", "--interval", "0.2");
        top.AwaitOutput(output => output.Contains("heap hammer", StringComparison.Ordinal));
        top.Signal("HUP");
        Assert.That(top.AwaitEnd(), Is.Zero, top.Output);
        Assert.That(top.Output, Does.Contain("ended after"));
        Assert.That(hammer.IsRunning, Is.True);
    }

    [Test]
    public void A_run_under_nohup_goes_on()
    {
        using ExternalProgram run = ExternalProgram.Start("nohup", RoughRun.PathOf("stress"), "hammer", "--threads", "1", "--seconds", "4");
        run.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));

        run.Signal("HUP");

        Assert.That(run.AwaitEnd(), Is.Zero, run.Output);
        Assert.That(run.Output, Does.Contain("PASS: ").And.Not.Contain("interrupted"));
    }
}
