using MagAlloc.Bench.Gate;
using MagAlloc.Bench.Gate.Baselines;
using MagAlloc.Bench.Gate.Verdicts;

namespace MagAlloc.Tests.Bench.Gate;

public sealed class GateJudgeTests
{
    [Test]
    public void AllAsBefore_Passes_AReportIsNoted()
    {
        IReadOnlyList<Verdict> verdicts = GateSamples.Judge();

        Assert.That(
            verdicts.Select(v => v.Outcome),
            Is.EqualTo(new[] { Outcome.Pass, Outcome.Pass, Outcome.Pass, Outcome.Pass, Outcome.Noted }));
        Assert.That(verdicts.Select(v => v.Name), Is.EqualTo(GateSamples.Entries.Select(e => e.Name)));
    }

    [TestCase("locked-a", 1, "must be 0")]
    [TestCase("instructions-a", 51, "worse")]
    [TestCase("instructions-a", 49, "improved")]
    [TestCase("instructions-a", 0, "nothing measured")]
    [TestCase("depot-exchanges-a", 7.501, "worse")]
    [TestCase("depot-exchanges-a", 7.499, "improved")]
    [TestCase("depot-exchanges-a", double.NaN, "nothing measured")]
    [TestCase("depot-exchanges-a", double.PositiveInfinity, "nothing measured")]
    [TestCase("depot-exchanges-a", -1, "nothing measured")]
    [TestCase("ns-a", 0, "nothing measured")]
    [TestCase("ns-a", double.NaN, "nothing measured")]
    public void AnOddValue_Fails_AndSaysWhy(string name, double value, string said)
    {
        Verdict red = OnlyRed(GateSamples.Judge(GateSamples.With(new Reading(name, value, 10))), name);

        Assert.That(red.Text, Does.StartWith(said).Or.Contain(said));
    }

    [Test]
    public void EveryEntry_OverNoOperations_Fails([ValueSource(nameof(s_names))] string name)
    {
        Reading reading = GateSamples.Readings.Single(r => r.Name == name) with { Operations = 0 };

        Assert.That(OnlyRed(GateSamples.Judge(GateSamples.With(reading)), name).Text, Does.StartWith("nothing measured"));
    }

    [Test]
    public void EveryEntry_WithoutAReading_Fails([ValueSource(nameof(s_names))] string name) => Assert.That(
        OnlyRed(GateSamples.Judge([.. GateSamples.Readings.Where(r => r.Name != name)]), name).Text, Does.StartWith("not measured"));

    [Test]
    public void EveryEntry_MeasuredTwice_Fails([ValueSource(nameof(s_names))] string name) => Assert.That(
        OnlyRed(GateSamples.Judge([.. GateSamples.Readings, GateSamples.Readings.Single(r => r.Name == name)]), name).Text,
        Does.StartWith("duplicate"));

    [Test]
    public void EveryEntry_ThatTheBaselinesDoNotHave_IsNewAndFails([ValueSource(nameof(s_names))] string name)
    {
        BaselineFile file = GateSamples.File with { Entries = [.. GateSamples.File.Entries.Where(b => b.Name != name)] };

        Assert.That(OnlyRed(GateSamples.Judge(file: file), name).Text, Does.StartWith("new").And.Contain("gate --update"));
    }

    [Test]
    public void EveryEntry_ThatTheBaselinesHaveTwice_Fails([ValueSource(nameof(s_names))] string name)
    {
        Baseline copy = GateSamples.File.Entries.Single(b => b.Name == name);
        BaselineFile file = GateSamples.File with { Entries = [.. GateSamples.File.Entries, copy] };

        Assert.That(OnlyRed(GateSamples.Judge(file: file), name).Text, Does.StartWith("duplicate"));
    }

    [Test]
    public void EveryEntry_ThatWasRenamed_FailsUnderBothNames([ValueSource(nameof(s_names))] string name)
    {
        BaselineFile file = GateSamples.File with
        {
            Entries = [.. GateSamples.File.Entries.Select(b => b.Name == name ? b with { Name = "renamed" } : b)],
        };
        Verdict[] red = [.. GateSamples.Judge(file: file).Where(v => v.Outcome == Outcome.Fail)];

        Assert.That(red.Select(v => (v.Name, v.Text.Split(':')[0])), Is.EqualTo(new[] { (name, "new"), ("renamed", "missing") }));
    }

    [Test]
    public void NothingInCommon_IsNotAPass()
    {
        IReadOnlyList<Verdict> verdicts = GateSamples.Judge(file: GateSamples.File with { Entries = [] });

        Assert.That(verdicts.Select(v => v.Outcome), Is.All.EqualTo(Outcome.Fail));
    }

    [Test]
    public void AnotherClassOrUnit_IsAnotherEntry([ValueSource(nameof(s_names))] string name, [Values] bool unit)
    {
        Baseline baseline = GateSamples.File.Entries.Single(b => b.Name == name);
        baseline = unit ? baseline with { Unit = "furlongs" } : baseline with { Class = baseline.Class == "exact" ? "report" : "exact" };

        Assert.That(OnlyRed(GateSamples.Judge(file: GateSamples.With(baseline)), name).Text, Does.StartWith("changed"));
    }

    [TestCase("instructions-a", 0)]
    [TestCase("ratio-a", 0)]
    [TestCase("ratio-a", -1)]
    [TestCase("locked-a", 1)]
    public void ABaselineThatNothingCanBeComparedWith_Fails(string name, double value)
    {
        Baseline baseline = GateSamples.File.Entries.Single(b => b.Name == name) with { Value = value };

        Assert.That(OnlyRed(GateSamples.Judge(file: GateSamples.With(baseline)), name).Text, Does.Contain("baseline is"));
    }

    [Test]
    public void ALaw_CannotBeBentByTheBaseline()
    {
        Baseline baseline = GateSamples.File.Entries.Single(b => b.Name == "locked-a") with { Value = 1 };

        Assert.That(
            OnlyRed(GateSamples.Judge(GateSamples.With(new Reading("locked-a", 1, 9)), GateSamples.With(baseline)), "locked-a").Text,
            Does.Contain("must be 0"));
    }

    [TestCase(55, true)]
    [TestCase(45, true)]
    [TestCase(56, false)]
    [TestCase(44, false)]
    public void CodeOnAnotherRuntime_MayDifferByATenth(double instructions, bool passes)
    {
        Verdict verdict = GateSamples.Judge(
            GateSamples.With(new Reading("instructions-a", instructions, 50)),
            here: GateSamples.Machine with { Runtime = ".NET 11.0.0" }).Single(v => v.Name == "instructions-a");

        Assert.That(verdict.Outcome, Is.EqualTo(passes ? Outcome.Pass : Outcome.Fail));
        Assert.That(verdict.Text, Does.Contain("another runtime"));
    }

    [TestCase("locked-a", 1)]
    [TestCase("depot-exchanges-a", 7.6)]
    public void OnAnotherRuntime_TheOtherExactEntriesAreAsStrict(string name, double value) => OnlyRed(
        GateSamples.Judge(GateSamples.With(new Reading(name, value, 10)), here: GateSamples.Machine with { Runtime = ".NET 11.0.0" }),
        name);

    [Test]
    public void Wanted_LeavesTheRestOfTheFileAlone()
    {
        GateJudge judge = new(GateSamples.File, GateSamples.Machine);

        Assert.That(
            judge.Judge([GateSamples.Law], GateSamples.Readings, ["locked-a"]).Select(v => (v.Name, v.Outcome)),
            Is.EqualTo(new[] { ("locked-a", Outcome.Pass) }));
        Assert.That(judge.Judge([], [], ["ns-a"]).Single().Text, Does.StartWith("missing"));
    }

    private static readonly string[] s_names = [.. GateSamples.Entries.Select(e => e.Name)];

    private static Verdict OnlyRed(IReadOnlyList<Verdict> verdicts, string name)
    {
        Verdict[] red = [.. verdicts.Where(v => v.Outcome == Outcome.Fail)];
        Assert.That(red.Select(v => v.Name), Is.EqualTo(new[] { name }));
        Assert.That(red[0].IsByTime, Is.False, "only a ratio that is too slow deserves a second try");
        return red[0];
    }
}
