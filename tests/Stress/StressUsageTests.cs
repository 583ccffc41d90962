namespace MagAlloc.Tests.Stress;

public sealed class StressUsageTests
{
    [TestCase("--threads", "1 to 1024", "hammer", "--threads", "0")]
    [TestCase("--threads", "1 to 1024", "hammer", "--threads", "1025")]
    [TestCase("--threads", "1 to 1024", "hammer", "--threads", "many")]
    [TestCase("--threads", "1 to 1024", "hammer", "--threads")]
    [TestCase("--seconds", "0.1", "hammer", "--seconds", "0")]
    [TestCase("--cross-thread", "0 to 100", "hammer", "--cross-thread", "101")]
    [TestCase("--limit", "1.0 MiB", "hammer", "--limit", "0")]
    [TestCase("--limit", "1.0 MiB", "hammer", "--limit", "a lot")]
    [TestCase("--checks", "none, basic, full", "hammer", "--checks", "some")]
    [TestCase("--policy", "flat, working-set", "hammer", "--policy", "lazy")]
    [TestCase("--faults", "accepted", "hammer", "--faults", "sometimes")]
    [TestCase("--seed", "0 to", "hammer", "--seed", "-3")]
    [TestCase("--component", "heap-full", "init-sweep", "--component", "engine")]
    [TestCase("--limit32", "0 to 100", "iova", "--limit32", "101")]
    [TestCase("--fill", "1 to 100", "iova", "--fill", "0")]
    [TestCase("--threads", "1 to 256", "iova", "--threads", "0")]
    [TestCase("--clock", "1 to 100", "iova", "--clock", "fast")]
    [TestCase("--checks", "none, basic", "iova", "--checks", "full")]
    [TestCase("--allocator", "magalloc, libc", "replay", "x.trace.gz", "--allocator", "jemalloc")]
    [TestCase("--report", "a file to write", "hammer", "--report")]
    [TestCase("--stacks", "1 to 10000", "analyze", "x.nettrace", "--stacks", "0")]
    [TestCase("FILE.nettrace", "--help", "analyze")]
    [TestCase("--nonsense", "--help", "hammer", "--nonsense")]
    [TestCase("hammock", "--help", "hammock")]
    [TestCase("trace", "--help", "replay")]
    [TestCase("/no/such.trace.gz", "no such file", "replay", "/no/such.trace.gz")]
    [TestCase("--json", "cannot write", "init-sweep", "--json", "/no/such/folder/report.json")]
    public void BadInput_IsOneLineThatNamesItAndWhatIsAccepted_ExitCode2(string named, string accepted, params string[] args)
    {
        ProgramRun run = StressProgram.Run(args);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Output, Is.Empty);
            Assert.That(run.Error.TrimEnd(), Does.StartWith("stress: ").And.Contain(named).And.Contain(accepted).And.Not.Contain("\n"));
        });
    }

    [TestCase("Examples:")]
    [TestCase("--thread-churn", "hammer")]
    [TestCase("stress replay", "replay")]
    [TestCase("magazine-cache", "init-sweep")]
    [TestCase("iova-domain", "init-sweep")]
    [TestCase("--aging", "iova")]
    [TestCase("dotnet-trace", "analyze")]
    public void Help_TeachesByExamples(string contained, params string[] command)
    {
        ProgramRun run = StressProgram.Run([.. command, "--help"]);

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Contain(contained).And.Contain("Examples:"));
    }

    [Test]
    public void TruncatedTrace_IsRefusedBeforeAnythingIsReplayed_AndLeavesNoReport()
    {
        string folder = Directory.CreateTempSubdirectory("stress").FullName;
        try
        {
            string whole = Path.Combine(AppContext.BaseDirectory, "traces", "redis.trace.gz");
            string cut = Path.Combine(folder, "cut.trace.gz");
            string json = Path.Combine(folder, "report.json");
            File.WriteAllBytes(cut, File.ReadAllBytes(whole)[..100_000]);

            ProgramRun run = StressProgram.Run("replay", whole, cut, "--json", json);

            Assert.Multiple(() =>
            {
                Assert.That(run.ExitCode, Is.EqualTo(2));
                Assert.That(run.Output, Is.Empty);
                Assert.That(run.Error.TrimEnd(), Does.Contain("cut.trace.gz: truncated").And.Not.Contain("\n"));
                Assert.That(File.Exists(json), Is.False);
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
