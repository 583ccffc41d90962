using MagAlloc.Bench.Gate;
using MagAlloc.Bench.Gate.Baselines;
using MagAlloc.Bench.Gate.Rounds;
using MagAlloc.Bench.Gate.Verdicts;

namespace MagAlloc.Tests.Bench.Gate;

internal sealed class RatioRuleTests
{
    [TestCase(0.50, Outcome.Pass)]
    [TestCase(0.53, Outcome.Pass)]
    [TestCase(0.57, Outcome.Fail)]
    [TestCase(0.60, Outcome.Fail)]
    [TestCase(0.47, Outcome.Pass)]
    [TestCase(0.40, Outcome.Improved)]
    public void BeyondTheThreshold_ItFailsOrHasImproved(double ratio, Outcome expected)
    {
        Verdict verdict = Judge(GateSamples.TimeOf(ratio));

        Assert.That(verdict.Outcome, Is.EqualTo(expected), verdict.Text);
        Assert.That(verdict.IsByTime, Is.EqualTo(expected == Outcome.Fail));
    }

    [Test]
    public void BelowTheFloor_ItPasses_HoweverLargeTheShare() => Assert.Multiple(() =>
    {
        // 20 % of 2 ns are 0.4 ns.
        Assert.That(Judge(GateSamples.TimeOf(0.6), floorNs: 0.45).Outcome, Is.EqualTo(Outcome.Pass));
        Assert.That(Judge(GateSamples.TimeOf(0.6), floorNs: 0.35).Outcome, Is.EqualTo(Outcome.Fail));
    });

    [Test]
    public void WithoutEvidence_ItPasses() =>
        Assert.That(Judge(GateSamples.TimeOf(0.6, rounds: 3)).Outcome, Is.EqualTo(Outcome.Pass), "three rounds can be chance");

    [Test]
    public void AnOutlyingValue_ThatTheRoundsDoNotShow_Passes() =>
        Assert.That(Judge(GateSamples.TimeOf(0.5) with { Value = 0.7 }).Outcome, Is.EqualTo(Outcome.Pass));

    [Test]
    public void WithoutRounds_ItFails() => Assert.Multiple(() =>
    {
        Assert.That(Judge(GateSamples.TimeOf(0.5) with { Rounds = null }).Outcome, Is.EqualTo(Outcome.Fail));
        Assert.That(Judge(GateSamples.TimeOf(0.5) with { Rounds = new RoundSamples([2.0], []) }).Outcome, Is.EqualTo(Outcome.Fail));
    });

    [TestCase(0.7, Outcome.Pass)]
    [TestCase(0.9, Outcome.Fail)]
    public void OnAnotherMachine_TheThresholdIsWider_AndItSaysSo(double ratio, Outcome expected)
    {
        Verdict verdict = Judge(GateSamples.TimeOf(ratio), sameMachine: false);

        Assert.That(verdict.Outcome, Is.EqualTo(expected));
        Assert.That(verdict.Limit, Is.EqualTo(0.8).Within(1e-9));
        Assert.That(verdict.Text, Does.Contain(expected == Outcome.Pass ? "another machine" : "slower"));
    }

    // R: wilcox.test(Ozone ~ Month, data = airquality, subset = Month %in% c(5, 8), exact = FALSE): W = 127.5, p-value = 0.0001208.
    // That is two-sided, with ties.
    [Test]
    public void Probability_IsThatOfR_Ozone()
    {
        double[] may = [41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37];
        double[] august = [39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85];

        Assert.That(2 * RatioRule.Probability(august, may), Is.EqualTo(0.0001208).Within(0.000005));
        Assert.That(RatioRule.Probability(may, august), Is.GreaterThan(0.999));
    }

    // Hollander & Wolfe (1973), 69f: permeability of membranes at term and before; R's wilcox.test with exact = FALSE and
    // correct = FALSE: W = 35, p-value = 0.1103.
    [Test]
    public void Probability_IsThatOfTheLiterature_Permeability()
    {
        double[] term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        double[] before = [1.15, 0.88, 0.90, 0.74, 1.21];

        Assert.That(RatioRule.Probability(term, before), Is.EqualTo(0.1103).Within(0.0001));
    }

    [Test]
    public void Probability_OfTheSame_IsAHalf()
    {
        double[] values = [.. Enumerable.Range(0, 50).Select(i => (double)i)];

        Assert.That(RatioRule.Probability(values, values), Is.EqualTo(0.5).Within(0.01));
    }

    private static Verdict Judge(Reading reading, double floorNs = 0.1, bool sameMachine = true) => RatioRule.Judge(
        new Baseline("ratio-a", "ratio", GateSamples.Ratio, "× reference") { Threshold = 0.1, FloorNs = floorNs }, reading, sameMachine);
}
