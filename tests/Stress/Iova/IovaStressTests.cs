using System.Text.Json;
using MagAlloc.Stress.Iova;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Tests.Stress.Iova;

/// <summary>Short runs of <c>stress iova</c> against the engine, and the keys of their JSON reports.</summary>
[NonParallelizable]
public sealed class IovaStressTests
{
    private static readonly string[] s_keys =
    [
        "outcome", "seed", "operations", "operationsPerSecond", "overlaps", "violations", "lostRanges", "falseExhaustions", "latencyNs",
    ];

    private string _json = string.Empty;

    [SetUp]
    public void ChooseReportFile() => _json = Path.Combine(Path.GetTempPath(), $"stress-{Guid.NewGuid():N}.json");

    [TearDown]
    public void DeleteReportFile() => File.Delete(_json);

    [TestCase]
    [TestCase("--thread-churn")]
    [TestCase("--checks", "basic", "--cross-thread", "80")]
    [TestCase("--limit32", "100", "--fill", "98", "--policy", "flat", "--clock", "20")]
    [TestCase("--limit32", "0", "--threads", "1")]
    public void Iova_Passes(params string[] more)
    {
        JsonElement report = RunToReport(["iova", "--seconds", "0.7", "--seed", "42", .. more]);

        Assert.Multiple(() =>
        {
            Assert.That(report.GetProperty("operations").GetInt64(), Is.GreaterThan(1000));
            Assert.That(report.GetProperty("latencyNs").GetProperty("p50").GetInt64(), Is.GreaterThan(0));
        });
    }

    [Test]
    public void Iova_AtTheEdgeOf4GiB_ExaminesItsRefusals()
    {
        JsonElement report = RunToReport(["iova", "--seconds", "2", "--seed", "7", "--limit32", "100", "--fill", "100"]);

        Assert.That(report.GetProperty("iova").GetProperty("refused").GetInt64(), Is.GreaterThan(0));
        Assert.That(report.GetProperty("iova").GetProperty("refusalsExamined").GetInt64(), Is.GreaterThan(0));
    }

    [Test]
    public void Aging_ReportsEverySecond()
    {
        JsonElement report = RunToReport(["iova", "--aging", "--seconds", "3.2", "--seed", "42"]);

        foreach (string series in new[] { "throughput", "ranges", "depotMagazines" })
        {
            long[] seconds = [.. report.GetProperty(series).EnumerateArray().Select(e => e.GetInt64())];
            Assert.That(seconds, Has.Length.EqualTo(3), series);
            Assert.That(seconds, Is.All.GreaterThanOrEqualTo(0), series);
        }

        Assert.That(report.GetProperty("throughput")[2].GetInt64(), Is.GreaterThan(1000));
        Assert.That(report.GetProperty("clock").GetInt32(), Is.EqualTo(60), "a minute stands for an hour");
    }

    [Test]
    public void Drift_ComparesTheEndWithTheBeginning_WithoutTheFirstSecond()
    {
        IovaStressResult result = new()
        {
            Options = new IovaStressOptions(),
            Latency = new LatencyHistogram(),
            Throughput = [1, 100, 104, 96, 90, 90, 90, 90, 90, 90, 52, 48, 50],
        };

        Assert.That(result.Drift, Is.EqualTo(0.5));
        Assert.That((result with { Throughput = [5, 5] }).Drift, Is.EqualTo(1));
    }

    private JsonElement RunToReport(params string[] args)
    {
        ProgramRun run = StressProgram.Run([.. args, "--json", _json]);

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_json));
        JsonElement root = document.RootElement.Clone();
        Assert.Multiple(() =>
        {
            Assert.That(root.EnumerateObject().Select(p => p.Name), Is.SupersetOf(s_keys));
            Assert.That(root.GetProperty("outcome").GetString(), Is.EqualTo("pass"));
            foreach (string zero in new[] { "overlaps", "violations", "lostRanges", "falseExhaustions" })
                Assert.That(root.GetProperty(zero).GetInt64(), Is.Zero, zero);
        });
        return root;
    }
}
