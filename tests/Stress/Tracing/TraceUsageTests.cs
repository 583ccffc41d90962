using MagAlloc.Tests.Stress.Analysis;

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

    [Test]
    public void ATraceNeedsAFile() =>
        AssertRefused(StressProgram.Run("trace", "--", "hammer"), "--output", "the path of a file to write");

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
