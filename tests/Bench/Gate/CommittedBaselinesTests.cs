using MagAlloc.Bench.Gate;
using MagAlloc.Bench.Gate.Baselines;

namespace MagAlloc.Tests.Bench.Gate;

/// <summary>The file at the root belongs to the gate as it is: told here in no time, before the gate measures for a minute.</summary>
internal sealed class CommittedBaselinesTests
{
    private static readonly BaselineFile s_file = BaselineStore.Read(BaselineStore.Find()!);

    [Test]
    public void Entries_AreThoseOfTheGate_InItsOrder() => Assert.That(
        s_file.Entries.Select(b => (b.Name, b.Class, b.Unit)),
        Is.EqualTo(GateCatalog.Entries.Select(e => (e.Name, e.Class, e.Unit))),
        "run 'bench gate --update'");

    [Test]
    public void Laws_AreKept()
    {
        string[] laws = [.. GateCatalog.Entries.Where(e => e.Kind == EntryKind.Law).Select(e => e.Name)];

        Assert.That(s_file.Entries.Where(b => laws.Contains(b.Name)).Select(b => b.Value), Is.All.Zero);
    }

    [Test]
    public void Values_AreMediansOfSeveralRuns_OnAKnownMachine()
    {
        Assert.That(s_file.Fingerprint.Runs, Is.GreaterThan(1));
        Assert.That(s_file.Fingerprint.Cpu, Is.Not.EqualTo(Fingerprint.UnknownCpu));
    }
}
