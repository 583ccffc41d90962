using System.Text.Json;
using MagAlloc.Bench.Gate.Baselines;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tests.Bench.Gate;

public sealed class BaselineStoreTests
{
    private string _folder = string.Empty;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("gate").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void WhatIsWritten_IsRead()
    {
        string path = Path.Combine(_folder, BaselineStore.FileName);
        BaselineStore.Write(path, GateSamples.File);
        BaselineFile read = BaselineStore.Read(path);

        Assert.That(read.Fingerprint, Is.EqualTo(GateSamples.File.Fingerprint));
        Assert.That(read.Entries, Is.EqualTo(GateSamples.File.Entries));
        Assert.That(File.ReadAllText(path), Is.EqualTo(BaselineStore.Format(read)), "the same contents make the same file");
    }

    [Test]
    public void TheFile_IsReadable() => Assert.That(
        BaselineStore.Format(GateSamples.File), Does.Contain("\"unit\": \"× reference\"").And.EndsWith("}\n").And.Not.Contain("\r"));

    [TestCase("\"name\": \"locked-a\",", "\"name\": \"locked-a\", \"name\": \"locked-b\",", "locked-a|name")]
    [TestCase("\"value\": 0,", "\"value\": 0, \"Value\": 1,", "Value")]
    [TestCase("\"value\": 0,", "", "value")]
    [TestCase("\"value\": 0,", "\"value\": null,", "value")]
    [TestCase("\"value\": 0,", "\"value\": \"0\",", "value")]
    [TestCase("\"value\": 0,", "\"value\": NaN,", "")]
    [TestCase("\"class\": \"report\"", "\"class\": \"rumour\"", "exact, ratio or report")]
    [TestCase("\"class\": \"ratio\"", "\"class\": \"exact\"", "for ratios only")]
    [TestCase("\"threshold\": 0.1", "\"threshold\": 5", "at most 0.5")]
    [TestCase("\"threshold\": 0.1", "\"threshold\": 0", "above 0")]
    [TestCase("\"threshold\": 0.1,", "", "threshold")]
    [TestCase("\"floorNs\": 0.1", "\"floorNs\": -1", "from 0 to 10")]
    [TestCase("\"cores\": 2,", "", "cores")]
    [TestCase("\"fingerprint\"", "\"footprint\"", "")]
    public void AFileThatIsNotOne_IsRefused_InOneLine(string old, string now, string named)
    {
        string path = Path.Combine(_folder, "bad.json");
        string text = BaselineStore.Format(GateSamples.File);
        Assert.That(text, Does.Contain(old), "the premise");
        int at = text.IndexOf(old, StringComparison.Ordinal);
        File.WriteAllText(path, string.Concat(text.AsSpan(0, at), now, text.AsSpan(at + old.Length)));

        Assert.That(
            () => BaselineStore.Read(path),
            Throws.TypeOf<UsageException>().With.Message.StartWith(path).And.Message.Not.Contain("\n").And.Message.Match(named));
    }

    [Test]
    public void NoFile_IsRefused_WithTheCommandThatMakesIt() => Assert.That(
        () => BaselineStore.Read(Path.Combine(_folder, "none.json")),
        Throws.TypeOf<UsageException>().With.Message.Contain("gate --update"));

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    public void OtherText_IsNoBaselineFile(string text) =>
        Assert.That(() => BaselineStore.Parse(text), Throws.InstanceOf<JsonException>());

    [Test]
    public void TwoEntriesOfOneName_AreRead_ForTheJudgeToRefuse()
    {
        BaselineFile file = GateSamples.File with { Entries = [.. GateSamples.File.Entries, GateSamples.File.Entries[0]] };

        Assert.That(BaselineStore.Parse(BaselineStore.Format(file)).Entries, Has.Count.EqualTo(file.Entries.Count));
    }

    [Test]
    public void Here_TellsTheMachine()
    {
        Fingerprint here = Fingerprint.Here(runs: 3);

        Assert.Multiple(() =>
        {
            Assert.That(here.Cpu, Is.Not.Empty);
            Assert.That(here.Cores, Is.EqualTo(Environment.ProcessorCount));
            Assert.That(here.HasSameJit(Fingerprint.Here(runs: 5)));
            Assert.That((here with { Cpu = "Model 1" }).IsSameMachine(here), Is.False);
            Assert.That((here with { Cores = here.Cores + 1 }).IsSameMachine(here), Is.False);
            Assert.That((here with { Cpu = Fingerprint.UnknownCpu }).IsSameMachine(here with { Cpu = Fingerprint.UnknownCpu }), Is.False);
        });
    }
}
