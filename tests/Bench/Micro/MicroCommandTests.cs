using MagAlloc.Bench.Commands;
using MagAlloc.Bench.Micro;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tests.Bench.Micro;

/// <summary>What can be told of <c>bench micro</c> without its minutes.</summary>
internal sealed class MicroCommandTests
{
    [Test]
    public void NothingRan_IsAFailure_ThoughBenchmarkDotNetReportsSuccess()
    {
        Assert.That(Run(out string output, out _, "--filter", "*NoSuchBenchmark*"), Is.EqualTo(1));
        Assert.That(output, Does.Contain("FAILURE micro: no benchmark ran"));
    }

    [Test]
    public void BadJob_IsOneLine_ExitCode2()
    {
        Assert.That(Run(out _, out string error, "--job", "quick"), Is.EqualTo(2));
        Assert.That(
            error.TrimEnd(),
            Does.StartWith("bench: --job: 'quick'").And.Contain("dry, short, medium, long, default").And.Not.Contain("\n"));
    }

    [Test]
    public void Help_Teaches_AndNamesEveryBenchmark()
    {
        Assert.That(Run(out string output, out _, "--help"), Is.Zero);
        Assert.That(output, Does.Contain("Examples:"));
        foreach (Type type in typeof(HeapBenchmarks).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(HeapBenchmarks))))
            Assert.That(output, Does.Contain(type.Name));
    }

    private static int Run(out string output, out string error, params string[] args)
    {
        StringWriter written = new();
        StringWriter errors = new();
        int exitCode = BenchCommandLine.Run(["micro", .. args], new ProgramConsole(written, interactive: false), written, errors);
        output = written.ToString();
        error = errors.ToString();
        return exitCode;
    }
}
