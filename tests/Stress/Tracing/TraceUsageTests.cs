using MagAlloc.Tests.Stress.Analysis;
using MagAlloc.Tool.Tracing;

namespace MagAlloc.Tests.Stress.Tracing;

/// <summary>What cannot be traced: one line on standard error that names the argument, exit code 2, and no file left behind.</summary>
public sealed class TraceUsageTests
{
    // Above the largest id that Linux gives.
    private const string NoProcess = "2147483646";

    [TestCase("--pid", "no process 2147483646 is running", "--pid", NoProcess)]
    [TestCase("--pid", "a whole number from 1", "--pid", "0")]
    [TestCase("--pid", "a whole number from 1", "--pid", "hammer")]
    [TestCase("--pid", "behind '--'")]
    [TestCase("--pid", "either", "--pid", "1", "--", "hammer")]
    [TestCase("hammer", "put '--' before the command", "hammer")]
    [TestCase("hammock", "stress --help", "--", "hammock")]
    [TestCase("top", "hammer, replay, iova, init-sweep, share", "--", "top")]
    [TestCase("--threads", "1 to 1024", "--", "hammer", "--threads", "0")]
    [TestCase("--in-process", "behind '--'", "--in-process", "--pid", "1")]
    [TestCase("--sample-bytes", "0 B to 1.0 TiB", "--sample-bytes", "-1", "--", "hammer")]
    [TestCase("--buffer", "1.0 MiB to 4.0 GiB", "--buffer", "1000", "--", "hammer")]
    [TestCase("--seconds", "0.1 to", "--seconds", "0", "--", "hammer")]
    [TestCase("--speedscope", "--cpu", "--speedscope", "--sample-bytes", "0", "--", "hammer")]
    public void Trace_RefusesInOneLine(string named, string accepted, params string[] args)
    {
        using TemporaryFolder folder = new();
        string file = folder["run.nettrace"];

        AssertRefused(StressProgram.Run(["trace", "-o", file, .. args]), named, accepted);

        Assert.That(File.Exists(file), Is.False);
    }

    [TestCase("--pid", "no process 2147483646 is running", "--pid", NoProcess)]
    [TestCase("--interval", "0.1 to 3600", "--interval", "0")]
    [TestCase("analyze", "hammer, replay, iova, init-sweep, share", "--", "analyze", "x.nettrace")]
    public void Top_RefusesInOneLine(string named, string accepted, params string[] args) =>
        AssertRefused(StressProgram.Run(["top", .. args]), named, accepted);

    [TestCase("-o", "/no/such/folder/run.nettrace")]
    [TestCase("-o", "/")]
    public void APathThatCannotBeWritten_CostsNoRun(params string[] args) =>
        AssertRefused(StressProgram.Run(["trace", .. args, "--", "hammer"]), "--output", "cannot write");

    // /dev/full takes nothing, as a full disk does, and must still be there afterwards.
    [Test]
    [Platform("Linux")]
    public void ADiskThatIsFull_EndsTheRecordingInOneLine()
    {
        ProgramRun run = StressProgram.Run("trace", "-o", "/dev/full", "--", "hammer", "--threads", "1", "--seconds", "30");

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Output);
        Assert.That(run.Error.TrimEnd(), Does.StartWith("stress: --output: cannot write '/dev/full'").And.Contain("space").And.Not.Contain("\n"));
        Assert.That(File.Exists("/dev/full"), Is.True);
    }

    [TestCase("--json", "hammer", "--threads", "1", "--seconds", "0.2")]
    [TestCase("--report", "hammer", "--threads", "1", "--seconds", "0.2")]
    [Platform("Linux")]
    public void ADiskThatIsFull_EndsAReportInOneLine(string option, params string[] command)
    {
        ProgramRun run = StressProgram.Run([.. command, option, "/dev/full"]);

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Output);
        Assert.That(run.Error.TrimEnd(), Does.StartWith($"stress: {option}: cannot write '/dev/full'").And.Contain("space").And.Not.Contain("\n"));
    }

    /// <summary>As of a shell's <c>--json &gt;(jq …)</c>: it has no length.</summary>
    [Test]
    [Platform("Linux")]
    public void AReportMayGoIntoAPipe()
    {
        using TemporaryFolder folder = new();
        using (ExternalProgram make = ExternalProgram.Start("mkfifo", folder["pipe"]))
        {
            Assert.That(make.AwaitEnd(), Is.Zero);
        }

        using ExternalProgram reader = ExternalProgram.Start("cat", folder["pipe"]);
        ProgramRun run = StressProgram.Run("hammer", "--threads", "1", "--seconds", "0.2", "--json", folder["pipe"]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(reader.AwaitEnd(), Is.Zero);
        Assert.That(reader.Output, Does.Contain("\"outcome\": \"pass\""));
    }

    [TestCase("top")]
    [TestCase("trace", "-o", "/dev/null", "--", "hammer")]
    [Platform("Linux")]
    public void WithoutATemporaryFolder_ThereIsOneLine(params string[] args)
    {
        string program = Path.ChangeExtension(typeof(MagAlloc.Stress.Commands.StressCommandLine).Assembly.Location, null);
        using ExternalProgram run = ExternalProgram.Start("env", ["DOTNET_EnableDiagnostics=0", "TMPDIR=/no/such/folder", program, .. args]);
        Assert.That(run.AwaitEnd(), Is.EqualTo(2), run.Output);
        Assert.That(run.Output.Trim(), Does.StartWith("stress: ").And.Contain("temporary folder").And.Not.Contain("\n"));
    }

    [Test]
    public void AFileThatNobodyNames_IsDated_AndANewOne()
    {
        DateTime now = new(2026, 3, 4, 5, 6, 7);
        string first = TraceOptions.DatedFile(now);
        Assert.That(first, Is.EqualTo("magalloc-20260304-050607.nettrace"));
        File.WriteAllText(first, "an older trace");
        try
        {
            Assert.That(TraceOptions.DatedFile(now), Is.EqualTo("magalloc-20260304-050607-2.nettrace"));
        }
        finally
        {
            File.Delete(first);
        }
    }

    [Test]
    [Platform("Linux")]
    public void AProcessWithoutARuntime_IsRefused_AndTheOlderFileStays()
    {
        using TemporaryFolder folder = new();
        string file = folder["run.nettrace"];
        File.WriteAllText(file, "an older trace");
        using ExternalProgram sleep = ExternalProgram.Start("sleep", "60");

        AssertRefused(StressProgram.Run("trace", "-o", file, "--pid", $"{sleep.Id}"), "--pid", "no .NET runtime");
        AssertRefused(StressProgram.Run("top", "--pid", $"{sleep.Id}"), "--pid", "no .NET runtime");

        Assert.That(File.ReadAllText(file), Is.EqualTo("an older trace"));
    }

    private static void AssertRefused(ProgramRun run, string named, string accepted)
    {
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error.TrimEnd(), Does.StartWith("stress: ").And.Contain(named).And.Contain(accepted).And.Not.Contain("\n"));
            Assert.That(run.Output, Is.Empty);
        });
    }
}
