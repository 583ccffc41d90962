namespace MagAlloc.Tests.Stress.Analysis;

/// <summary><c>--report</c> of the commands that run something.</summary>
[NonParallelizable]
public sealed class RunPageTests
{
    private static readonly string s_redis = Path.Combine(AppContext.BaseDirectory, "traces", "redis.trace.gz");

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase(4, "Throughput", "hammer", "--threads", "3", "--seconds", "0.6", "--faults", "p=0.001")]
    [TestCase(4, "Address space", "iova", "--threads", "3", "--seconds", "0.6", "--thread-churn")]
    [TestCase(3, "redis, verified pass", "replay", "REDIS", "--runs", "1")]
    [TestCase(2, "redis, verified pass", "replay", "REDIS", "--runs", "1", "--allocator", "libc", "--threaded")]
    public void Report_ShowsTheRun(int charts, string contained, params string[] command)
    {
        string page = _folder["run.html"];
        ProgramRun run = StressProgram.Run([.. command.Select(argument => argument == "REDIS" ? s_redis : argument), "--report", page]);
        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);

        string html = File.ReadAllText(page);
        Assert.Multiple(() =>
        {
            Assert.That(html, Does.Contain(contained).And.Contain("Duration of a call").And.Contain("p99.99").And.Contain(": pass"));
            Assert.That(html, Does.Not.Contain("<script").And.Not.Contain("://"));
        });

        PageMeasures seen = Chromium.Show(page, 1200, dark: false);
        Assert.Multiple(() =>
        {
            Assert.That(seen.Charts, Is.GreaterThanOrEqualTo(charts));
            Assert.That(seen.Flat, Is.Zero);
            Assert.That(seen.Unnamed, Is.Zero);
            Assert.That(seen.Clipped, Is.Empty);
            Assert.That(seen.Overflow, Is.LessThanOrEqualTo(0));
            Assert.That(seen.Contrast, Is.GreaterThanOrEqualTo(4.5));
        });
    }

    [TestCase("hammer")]
    [TestCase("iova")]
    [TestCase("replay", "REDIS")]
    public void UnwritableReport_IsRefusedBeforeTheRun(params string[] command)
    {
        ProgramRun run = StressProgram.Run([.. command.Select(argument => argument == "REDIS" ? s_redis : argument), "--report", "/no/such/folder/run.html"]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.Error.TrimEnd(), Does.StartWith("stress: --report: cannot write").And.Not.Contain("\n"));
    }
}
