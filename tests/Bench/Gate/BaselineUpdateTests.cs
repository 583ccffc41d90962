using MagAlloc.Bench.Gate;
using MagAlloc.Bench.Gate.Baselines;

namespace MagAlloc.Tests.Bench.Gate;

public sealed class BaselineUpdateTests
{
    private static readonly GateEntry s_ratio = GateCatalog.Entries.First(e => e.Kind == EntryKind.Ratio);
    private static readonly GateEntry s_law = GateCatalog.Entries.First(e => e.Kind == EntryKind.Law);
    private static readonly GateEntry s_count = GateCatalog.Entries.First(e => e.Kind == EntryKind.Count);

    [Test]
    public void TheValue_IsTheMedianOfTheRuns_WithTheThresholdOfTheEntry()
    {
        Baseline made = Make([s_ratio], [[Of(s_ratio, 0.7)], [Of(s_ratio, 0.5)], [Of(s_ratio, 0.6)]], out _).Entries.Single();

        Assert.That(
            made,
            Is.EqualTo(new Baseline(s_ratio.Name, "ratio", 0.6, s_ratio.Unit)
            {
                Threshold = s_ratio.Threshold,
                FloorNs = s_ratio.FloorNs,
            }));
    }

    [Test]
    public void AThresholdSetByHand_Stays()
    {
        BaselineFile old = new(GateSamples.Machine, [new(s_ratio.Name, "ratio", 0.5, s_ratio.Unit) { Threshold = 0.33, FloorNs = 0.25 }]);
        Baseline made = Make([s_ratio], [[Of(s_ratio, 0.7)]], out _, old).Entries.Single();

        Assert.That((made.Value, made.Threshold, made.FloorNs), Is.EqualTo((0.7, 0.33, 0.25)));
    }

    [Test]
    public void OfAPart_TheRestStays_OfTheWhole_WhatIsUnknownGoes()
    {
        BaselineFile old = new(GateSamples.Machine, [new(s_count.Name, "exact", 1, s_count.Unit), new("gone", "report", 1, "ns")]);

        Assert.That(
            Make([s_law], [[Of(s_law, 0)]], out _, old, all: false).Entries.Select(b => b.Name),
            Is.EqualTo(new[] { s_law.Name, s_count.Name, "gone" }));
        Assert.That(Make([s_law], [[Of(s_law, 0)]], out _, old).Entries.Select(b => b.Name), Is.EqualTo(new[] { s_law.Name }));
    }

    [TestCase(1, 1, "must be 0", true)]
    [TestCase(3, 4, "not the same", false)]
    [TestCase(3, double.NaN, "NaN", false)]
    public void WhatCannotBeABaseline_IsAFlaw(double first, double second, string said, bool law)
    {
        GateEntry entry = law ? s_law : s_count;
        Make([entry], [[Of(entry, first)], [Of(entry, second)]], out IReadOnlyList<string> flaws);

        Assert.That(flaws, Has.Count.EqualTo(1));
        Assert.That(flaws[0], Does.StartWith(entry.Name).And.Contain(said));
    }

    [Test]
    public void WhatWasNotMeasuredInEveryRun_IsAFlaw()
    {
        Make([s_count], [[Of(s_count, 1)], []], out IReadOnlyList<string> missing);
        Make([s_count], [[Of(s_count, 1)], [Of(s_count, 1) with { Operations = 0 }]], out IReadOnlyList<string> empty);
        Make([s_ratio], [[Of(s_ratio, 0)]], out IReadOnlyList<string> zero);

        Assert.That(new[] { missing.Count, empty.Count, zero.Count }, Is.All.EqualTo(1));
    }

    private static Reading Of(GateEntry entry, double value) => new(entry.Name, value, 10);

    private static BaselineFile Make(
        IReadOnlyList<GateEntry> entries,
        IReadOnlyList<IReadOnlyList<Reading>> runs,
        out IReadOnlyList<string> flaws,
        BaselineFile? old = null,
        bool all = true) => BaselineUpdate.Make(entries, runs, old, GateSamples.Machine, all, out flaws);
}
