using System.Text.Json;

namespace MagAlloc.Tests.Stress;

/// <summary>Short runs of the stress commands against the engine, and the keys of their JSON reports.</summary>
[NonParallelizable]
public sealed class StressRunTests
{
    private static readonly string[] s_keys =
    [
        "outcome", "seed", "operations", "operationsPerSecond", "corruptions", "leakedBlocks", "injectedFaults", "depotExchanges",
        "reclaimedMagazines", "peakCommittedBytes", "endCommittedBytes", "latencyNs",
    ];

    private string _json = string.Empty;

    private static string RedisTrace => Path.Combine(AppContext.BaseDirectory, "traces", "redis.trace.gz");

    [SetUp]
    public void ChooseReportFile() => _json = Path.Combine(Path.GetTempPath(), $"stress-{Guid.NewGuid():N}.json");

    [TearDown]
    public void DeleteReportFile() => File.Delete(_json);

    [TestCase]
    [TestCase("--checks", "basic")]
    [TestCase("--checks", "full")]
    [TestCase("--faults", "p=0.01", "--cross-thread", "80")]
    [TestCase("--faults", "p=1,points=threadcache")]
    [TestCase("--limit", "8MiB", "--policy", "flat")]
    [TestCase("--pin", "--max-size", "64KiB", "--live", "50")]
    public void Hammer_Passes(params string[] more)
    {
        JsonElement report = RunToReport(["hammer", "--threads", "4", "--seconds", "0.5", "--thread-churn", "--seed", "42", .. more]);

        Assert.Multiple(() =>
        {
            Assert.That(report.GetProperty("seed").GetUInt64(), Is.EqualTo(42));
            Assert.That(report.GetProperty("operations").GetInt64(), Is.GreaterThan(1000));
            Assert.That(report.GetProperty("corruptions").GetInt64(), Is.Zero);
            Assert.That(report.GetProperty("leakedBlocks").GetInt64(), Is.Zero);
            Assert.That(report.GetProperty("latencyNs").GetProperty("p50").GetInt64(), Is.GreaterThan(0));
            Assert.That(report.GetProperty("hammer").GetProperty("threadsBorn").GetInt64(), Is.GreaterThanOrEqualTo(4));
        });
    }

    [TestCase("magalloc", false)]
    [TestCase("magalloc", true)]
    [TestCase("libc", false)]
    public void Replay_VerifiesEveryRecordAndReportsItsCost(string allocator, bool threaded)
    {
        string[] mode = threaded ? ["--threaded"] : ["--verify", "full"];
        JsonElement report = RunToReport(["replay", RedisTrace, "--allocator", allocator, "--runs", "1", .. mode]);

        JsonElement trace = report.GetProperty("traces").EnumerateArray().Single();
        Assert.Multiple(() =>
        {
            Assert.That(trace.GetProperty("file").GetString(), Is.EqualTo(RedisTrace));
            Assert.That(trace.GetProperty("events").GetInt64(), Is.EqualTo(170_133), "150,000 records and a free for each object left");
            Assert.That(trace.GetProperty("corruptions").GetInt64(), Is.Zero);
            Assert.That(trace.GetProperty("nsPerEvent").GetDouble(), Is.GreaterThan(0));
            Assert.That(trace.GetProperty("peakLiveBytes").GetInt64(), Is.GreaterThanOrEqualTo(2_878_236));
            JsonElement committed = trace.GetProperty("peakCommittedBytes");
            Assert.That(committed.ValueKind, Is.EqualTo(allocator == "libc" ? JsonValueKind.Null : JsonValueKind.Number));
        });
    }

    [TestCase("heap-no-worker")]
    [TestCase("magazine-cache")]
    [TestCase("iova-domain")]
    [TestCase("iova-lazy")]
    [TestCase("iova-thread")]
    [TestCase("iova-dispose")]
    public void InitSweep_LeavesNothingBehind(string component)
    {
        JsonElement report = RunToReport(["init-sweep", "--component", component]);

        JsonElement result = report.GetProperty("components").EnumerateArray().Single();
        Assert.Multiple(() =>
        {
            Assert.That(result.GetProperty("name").GetString(), Is.EqualTo(component));
            Assert.That(result.GetProperty("faultPoints").GetInt64(), Is.GreaterThan(0));
            Assert.That(result.GetProperty("leakedBytes").GetInt64(), Is.Zero);
            Assert.That(result.GetProperty("leftoverMappings").GetInt64(), Is.Zero);
            Assert.That(result.GetProperty("pairs").GetInt64(), Is.GreaterThan(0));
        });
    }

    private JsonElement RunToReport(string[] args)
    {
        ProgramRun run = StressProgram.Run([.. args, "--json", _json]);

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(run.Output, Does.Contain("PASS: "));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_json));
        JsonElement report = document.RootElement.Clone();
        Assert.That(report.EnumerateObject().Select(p => p.Name), Is.SupersetOf(s_keys));
        Assert.That(report.GetProperty("outcome").GetString(), Is.EqualTo("pass"));
        return report;
    }
}
