using System.Text.Json;
using MagAlloc.Bench.Gate;
using MagAlloc.Bench.Gate.Baselines;

namespace MagAlloc.Tests.Bench.Gate;

/// <summary>The whole command on entries that take no time: what it measures is real, only the baselines are made up.</summary>
[NonParallelizable]
public sealed class GateRunTests
{
    private const string Counted = "depot-exchanges-batch-256";
    private const string Listed = "instructions-heap-free";

    private static readonly Reading s_counted = Measure(Counted);
    private static readonly Reading s_listed = Measure(Listed);

    private GateProgram _program = new();

    [SetUp]
    public void NewProgram() => _program = new GateProgram();

    [TearDown]
    public void EndProgram() => _program.Dispose();

    [Test]
    public void Unchanged_IsGreen_ExitCode0()
    {
        Record(s_counted, s_listed);

        int exitCode = _program.Run("--baselines", _program.Baselines, "--entry", Counted, Listed, "--json", _program.Json);

        Assert.That(exitCode, Is.Zero, _program.Output);
        Assert.That(_program.Output, Does.Contain("PASS: 2 of 2 entries"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_program.Json));
        Assert.That(json.RootElement.GetProperty("pass").GetBoolean());
        Assert.That(
            json.RootElement.GetProperty("entries").EnumerateArray().Select(e => $"{e.GetProperty("name")} {e.GetProperty("verdict")}"),
            Is.EqualTo(new[] { $"{Listed} pass", $"{Counted} pass" }));
    }

    [TestCase(+1, "improved")]
    [TestCase(-1, "worse")]
    public void AnotherValue_IsRed_ExitCode1(int difference, string said)
    {
        Record(s_counted with { Value = s_counted.Value + difference });

        Assert.That(_program.Run("--baselines", _program.Baselines, "--entry", Counted), Is.EqualTo(1), _program.Output);
        Assert.That(_program.Output, Does.Contain($"FAILURE {Counted}: {said}").And.Contain("FAIL: 0 of 1 entries"));
    }

    [Test]
    public void ARenamedEntry_IsRedUnderBothNames()
    {
        Record(s_counted with { Name = "depot-exchanges-batch" });

        Assert.That(_program.Run("--baselines", _program.Baselines, "--entry", Counted, "depot-exchanges-batch"), Is.EqualTo(1));
        Assert.That(_program.Output, Does.Contain($"FAILURE {Counted}: new").And.Contain("FAILURE depot-exchanges-batch: missing"));
    }

    [Test]
    public void ADuplicateEntry_IsRed()
    {
        Record(s_counted, s_counted);

        Assert.That(_program.Run("--baselines", _program.Baselines, "--entry", Counted), Is.EqualTo(1));
        Assert.That(_program.Output, Does.Contain($"FAILURE {Counted}: duplicate"));
    }

    [TestCase("--entry: 'nonsense' is not known", "--entry", "nonsense")]
    [TestCase("no such file", "--baselines", "/no/such/file.json")]
    [TestCase("cannot write", "--json", "/no/such/folder/out.json")]
    [TestCase("give one of the two", "--update", "--json", "out.json")]
    [TestCase("--frobnicate", "--frobnicate")]
    [TestCase("--entry", "--entry")]
    public void BadInput_IsOneLine_ExitCode2(string said, params string[] args)
    {
        Record(s_counted);
        string[] where = args.Contains("--baselines") ? [] : ["--baselines", _program.Baselines];

        Assert.That(_program.Run([.. where, .. args]), Is.EqualTo(2));
        Assert.That(_program.Error.TrimEnd(), Does.StartWith("bench: ").And.Contain(said).And.Not.Contain("\n"));
    }

    [Test]
    public void AMalformedFile_IsOneLine_ExitCode2()
    {
        File.WriteAllText(_program.Baselines, "{ \"entries\": [ }");

        Assert.That(_program.Run("--baselines", _program.Baselines), Is.EqualTo(2));
        Assert.That(_program.Error.TrimEnd(), Does.Contain("is not a baseline file").And.Not.Contain("\n"));
    }

    [Test]
    public void Update_RecordsWhatTheNextRunPasses()
    {
        Record(s_counted with { Value = 1 });

        Assert.That(_program.Run("--baselines", _program.Baselines, "--update", "--entry", Counted), Is.Zero, _program.Output);
        Assert.That(_program.Output, Does.Contain($"{Counted}: 1 → "));
        Assert.That(_program.Run("--baselines", _program.Baselines, "--entry", Counted), Is.Zero, _program.Output);
    }

    [Test]
    public void Update_OfAPart_OnAnotherMachine_IsRefused()
    {
        Record(s_counted);
        BaselineFile file = BaselineStore.Read(_program.Baselines);
        BaselineStore.Write(_program.Baselines, file with { Fingerprint = file.Fingerprint with { Cores = 1000 } });

        Assert.That(_program.Run("--baselines", _program.Baselines, "--update", "--entry", Counted), Is.EqualTo(2));
    }

    [Test]
    public void Names_AreKebabCase_AndEachThereOnce()
    {
        Assert.That(GateCatalog.Entries.Select(e => e.Name), Is.Unique);
        Assert.That(GateCatalog.Entries.Select(e => e.Name), Is.All.Match("^[a-z0-9]+(-[a-z0-9]+)*$"));
    }

    private static Reading Measure(string name) => new GateMeasurement([name], failure => Assert.Fail(failure)).Run().Single();

    private void Record(params Reading[] readings) => BaselineStore.Write(_program.Baselines, new BaselineFile(
        Fingerprint.Here(runs: 1),
        [.. readings.Select(r => new Baseline(r.Name, "exact", r.Value, Unit(r)))]));

    private static string Unit(Reading reading) => reading.Name == Listed ? "instructions" : "exchanges per 1,000 calls";
}
