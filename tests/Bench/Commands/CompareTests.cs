using System.Text.Json;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tests.Bench.Contenders;
using MagAlloc.Tests.Stress;

namespace MagAlloc.Tests.Bench.Commands;

/// <summary>Short comparisons in real child processes, and what the user gets for bad input.</summary>
[NonParallelizable]
[Platform("Linux")]
public sealed class CompareTests
{
    private static readonly string[] s_resultKeys =
    [
        "workload", "contender", "threads", "nsPerOperation", "spread", "operationsPerSecond", "settled",
        "peakResidentBytes", "residentGrowthBytes", "p50Ns", "p99Ns", "p999Ns", "maxNs", "timerNs",
    ];

    private string _folder = string.Empty;

    private string JsonFile => Path.Combine(_folder, "out.json");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("compare-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Compare_MeasuresEachContenderInAProcessOfItsOwn()
    {
        string report = Path.Combine(_folder, "report");
        JsonElement root = RunToJson(
            "--workload", "pair-64", "--contender", "magalloc", "native-memory", "--rounds", "1", "--report", report);

        JsonElement[] results = [.. root.GetProperty("results").EnumerateArray()];
        Assert.That(results.Select(r => r.GetProperty("contender").GetString()), Is.EqualTo(new[] { "magalloc", "native-memory" }));
        Assert.Multiple(() =>
        {
            foreach (JsonElement result in results)
            {
                Assert.That(result.EnumerateObject().Select(p => p.Name), Is.SupersetOf(s_resultKeys));
                Assert.That(result.GetProperty("nsPerOperation").GetDouble(), Is.InRange(0.1, 10_000));
                Assert.That(result.GetProperty("spread").GetProperty("min").GetDouble(), Is.GreaterThan(0));
                Assert.That(result.GetProperty("peakResidentBytes").GetInt64(), Is.GreaterThan(8 << 20));
                Assert.That(result.GetProperty("residentGrowthBytes").GetInt64(), Is.InRange(1, 64 << 20));
                Assert.That(result.GetProperty("p50Ns").GetInt64(), Is.LessThanOrEqualTo(result.GetProperty("p999Ns").GetInt64()));
                Assert.That(result.GetProperty("p999Ns").GetInt64(), Is.LessThanOrEqualTo(result.GetProperty("maxNs").GetInt64()));
            }

            JsonElement mean = root.GetProperty("geomeans").GetProperty("magalloc");
            double expected = results[1].GetProperty("nsPerOperation").GetDouble() / results[0].GetProperty("nsPerOperation").GetDouble();
            Assert.That(mean.GetProperty("nativeMemory").GetDouble(), Is.EqualTo(expected).Within(expected / 100));
            Assert.That(mean.GetProperty("bestNativePeer").ValueKind, Is.EqualTo(JsonValueKind.Null), "there was none");
            Assert.That(Path.Combine(report, "report.html"), Does.Exist);
        });
    }

    [Test]
    public void Compare_BurstIdle_TellsWhatRemains()
    {
        JsonElement root = RunToJson("--workload", "burst-idle", "--contender", "magalloc", "--threads", "1", "--rounds", "1");

        JsonElement result = root.GetProperty("results").EnumerateArray().Single();
        long[] timeline = [.. result.GetProperty("timeline").EnumerateArray().Select(p => p.GetProperty("residentBytes").GetInt64())];
        Assert.Multiple(() =>
        {
            Assert.That(result.GetProperty("remainingShare").GetDouble(), Is.InRange(0, 0.5));
            Assert.That(result.GetProperty("residentGrowthBytes").GetInt64(), Is.GreaterThan(256 << 20), "the burst itself");
            Assert.That(timeline, Has.Length.GreaterThan(30));
            Assert.That(timeline.Max(), Is.GreaterThan(256 << 20));
        });
    }

    [Test]
    public void Compare_WorkloadsThatIdle_TellWhatWentBackAndWhatThreadsKeep()
    {
        JsonElement root = RunToJson("--workload", "churn-idle", "idle-threads", "--contender", "magalloc", "--rounds", "1");

        JsonElement[] results = [.. root.GetProperty("results").EnumerateArray()];
        Assert.That(results.Select(r => r.GetProperty("threads").GetInt32()), Is.EqualTo(new[] { 1, 200 }));
        Assert.Multiple(() =>
        {
            JsonElement churn = results[0];
            long left = churn.GetProperty("residentAfterIdleBytes").GetInt64();
            Assert.That(churn.GetProperty("returnedPercent").GetDouble(), Is.InRange(0, 85), "the limit is about 80");
            Assert.That(left, Is.InRange(14 << 20, 300 << 20), "one block of 20 is alive, 14.3 MiB");
            Assert.That(churn.GetProperty("firstBurstNsPerOperation").GetDouble(), Is.GreaterThan(0));
            Assert.That(churn.TryGetProperty("bytesPerIdleThread", out _), Is.False);

            JsonElement idle = results[1];
            double bytes = idle.GetProperty("bytesPerIdleThread").GetDouble();
            Assert.That(bytes, Is.InRange(0, 16 << 20));
            Assert.That(bytes * 199, Is.EqualTo(idle.GetProperty("residentAfterIdleBytes").GetDouble()).Within(1000));
            Assert.That(root.GetProperty("geomeans").EnumerateObject(), Is.Empty);
            Assert.That(root.GetProperty("geomeansLargeAndAged").GetProperty("magalloc").GetProperty("workloads").GetInt32(), Is.EqualTo(2));
        });
    }

    [Test]
    public void Compare_ColdStart_TakesTheFirstAllocationOfAProcess()
    {
        string peer = $"mine={typeof(SampleAllocator).Assembly.Location}:{typeof(SampleAllocator).FullName}:Allocate:Free";
        JsonElement root = RunToJson(
            "--workload", "cold-start", "--contender", "magalloc", "magalloc-handle", "magalloc-pool", "native-memory", "array-pool",
            "memory-pool", "locked-stack", "mine", "--managed-peer", peer, "--rounds", "1");

        Dictionary<string, double> ms = root.GetProperty("results").EnumerateArray().ToDictionary(
            r => r.GetProperty("contender").GetString()!, r => r.GetProperty("firstAllocationMs").GetDouble());
        Assert.Multiple(() =>
        {
            Assert.That(ms.Keys, Has.Count.EqualTo(7).And.No.Member("locked-stack"));
            Assert.That(ms.Values, Is.All.InRange(0.0001, 10_000));
            Assert.That(ms["magalloc"], Is.GreaterThan(ms["native-memory"]), "a call that is compiled already");
            Assert.That(root.GetProperty("geomeansLargeAndAged").EnumerateObject(), Is.Empty);
        });
    }

    [Test]
    public void Compare_Aged_RunsEachWorkloadOnANewHeapAndOnAnAgedOne()
    {
        JsonElement root = RunToJson(
            "--workload", "pair-64", "batch-16", "--contender", "magalloc", "magalloc-pool", "--rounds", "1", "--aged", "batch-16",
            "--report", Path.Combine(_folder, "report"));

        Assert.Multiple(() =>
        {
            Assert.That(
                root.GetProperty("results").EnumerateArray().Where(r => r.GetProperty("contender").GetString() == "magalloc")
                    .Select(r => (r.GetProperty("workload").GetString(), r.TryGetProperty("agedBy", out JsonElement by) ? by.GetString() : null)),
                Is.EqualTo(new[] { ("pair-64", null), ("pair-64", "batch-16"), ("batch-16", (string?)null) }));
            Assert.That(root.GetProperty("geomeans").GetProperty("magalloc").GetProperty("workloads").GetInt32(), Is.EqualTo(2));
            Assert.That(root.GetProperty("geomeansLargeAndAged").GetProperty("magalloc").GetProperty("workloads").GetInt32(), Is.EqualTo(1));
        });
    }

    [Test]
    public void Compare_AgedByWhatAContenderCannotDo_SaysSo()
    {
        ProgramRun run = BenchProgram.Run(
            "compare", "--quick", "--workload", "pair-64", "two-heaps", "--contender", "native-memory", "magalloc-pool", "--rounds", "1",
            "--aged", "pair-16");

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(run.Output, Does.Contain("magalloc-pool: cannot be aged by pair-16: has blocks of 64 bytes only"));
        Assert.That(run.Output, Does.Contain("native-memory: has one heap, which stands for all"));
        Assert.That(run.Output, Does.Contain("two-heaps, aged by pair-16"));
    }

    [Test]
    public void Compare_ThreadsDoNotApply_SaysSo()
    {
        ProgramRun run = BenchProgram.Run(
            "compare", "--quick", "--workload", "malloc-large", "--contender", "magalloc-pool", "--rounds", "1", "--threads", "4");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("malloc-large: runs on 1 thread only, whatever --threads says"));
        Assert.That(run.Output, Does.Contain("n/a"), "the pool's blocks are of one size");
    }

    [TestCase("--workload: 'nothing' is not known; give one or more of", "--workload", "nothing")]
    [TestCase("--contender: 'nobody' is not known; give one or more of", "--contender", "nobody")]
    [TestCase("--threads: '0' is not accepted; give whole numbers from 1 to 1024", "--threads", "0")]
    [TestCase("--threads: '1,,2' is not accepted", "--threads", "1,,2")]
    [TestCase("--rounds: '0' is not accepted", "--rounds", "0")]
    [TestCase("--peer: 'x' is not accepted; give NAME=FILE[:PREFIX]", "--peer", "x")]
    [TestCase("--peer mine: there is no file /nowhere/lib.so", "--peer", "mine=/nowhere/lib.so")]
    [TestCase("--peer mimalloc: the name is taken", "--peer", "mimalloc=/nowhere/lib.so")]
    [TestCase("--managed-peer: 'x' is not accepted; give NAME=FILE:TYPE:ALLOCATE:FREE[:REALLOCATE]", "--managed-peer", "x")]
    [TestCase("--managed-peer mine: there is no file /nowhere/a.dll", "--managed-peer", "mine=/nowhere/a.dll:T:A:F")]
    [TestCase("--aged: 'cold-start' is not known; give one or more of", "--aged", "cold-start")]
    [TestCase("--json: cannot write '/nowhere/out.json'", "--json", "/nowhere/out.json")]
    [TestCase("--report: cannot write into '/proc/version'", "--report", "/proc/version")]
    [TestCase("--report: cannot write into '/proc/nowhere'", "--report", "/proc/nowhere")]
    public void BadInput_IsOneLineAndExitCode2_BeforeAnythingIsMeasured(string message, params string[] args)
    {
        ProgramRun run = BenchProgram.Run(["compare", .. args]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error, Does.StartWith("bench: ").And.Contain(message));
            Assert.That(run.Error.TrimEnd(), Does.Not.Contain("\n"));
            Assert.That(run.Output, Is.Empty);
        });
    }

    [Test]
    public void Help_NamesEveryWorkloadAndContender()
    {
        ProgramRun run = BenchProgram.Run("compare", "--help");

        Assert.That(run.Output, Does.Contain("burst-idle").And.Contain("magalloc-handle").And.Contain("peakResidentBytes"));
    }

    [Test]
    public void List_HasEveryWorkloadAndContenderAndMeasuresNothing()
    {
        ProgramRun run = BenchProgram.Run("compare", "--list");

        string[] names = [.. WorkloadCatalog.All.Select(w => w.Name), .. ContenderCatalog.All.Select(c => c.Name)];
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(names.Where(name => !run.Output.Contains($"  {name} ")), Is.Empty);
    }

    private JsonElement RunToJson(params string[] args)
    {
        ProgramRun run = BenchProgram.Run(["compare", "--quick", "--json", JsonFile, .. args]);

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(JsonFile));
        return document.RootElement.Clone();
    }
}
