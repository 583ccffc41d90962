using MagAlloc.Bench.Gate.Baselines;
using MagAlloc.Bench.Gate.Rounds;
using Perfolizer;
using Perfolizer.Mathematics.SignificanceTesting.Base;
using Perfolizer.Mathematics.SignificanceTesting.MannWhitney;
using Perfolizer.Metrology;

namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>
/// When a ratio counts as slower: by more than the threshold, by more than a floor of nanoseconds, and beyond doubt, that is by a
/// Mann-Whitney test of the contender's rounds against the reference's rounds scaled to the limit. The test knows no shape of the
/// distribution; the threshold keeps a sure but small difference green, the floor a large share of nothing.
/// </summary>
internal static class RatioRule
{
    /// <summary>Most probable of noise alone.</summary>
    public const double Doubt = 0.001;

    public static Verdict Judge(Baseline baseline, Reading reading, bool sameMachine)
    {
        RoundSamples rounds = reading.Rounds ?? new RoundSamples([], []);
        double threshold = Math.Max(baseline.Threshold ?? 0, sameMachine ? 0 : GateJudge.ForeignThreshold);
        double limit = baseline.Value * (1 + threshold);
        Verdict verdict = new(
            baseline.Name, baseline.Class, Outcome.Pass, reading.Value, baseline.Value, limit, baseline.Unit,
            sameMachine ? string.Empty : $"another machine than the baseline's: threshold {threshold:P0}");
        if (rounds.Subject.Count == 0 || rounds.Reference.Count == 0)
            return verdict with { Outcome = Outcome.Fail, Text = "nothing measured: no rounds. Repair the probe" };

        double referenceNs = Quantile.Lower(rounds.Reference);
        double differenceNs = (reading.Value - baseline.Value) * referenceNs;
        bool aboveFloor = Math.Abs(differenceNs) > (baseline.FloorNs ?? 0);
        string change = Figures.Change(baseline.Value, reading.Value);
        if (aboveFloor && reading.Value > limit && IsGreater(rounds.Subject, Scaled(rounds.Reference, limit)))
        {
            return verdict with
            {
                Outcome = Outcome.Fail,
                IsByTime = true,
                Text = $"slower: {change}, {Figures.Number(differenceNs)} ns per operation; allowed are {threshold:P0}. "
                    + "Undo the change that did it; if it is worth it, run 'bench gate --update' and commit the file",
            };
        }

        double faster = baseline.Value * (1 - threshold);
        return aboveFloor && reading.Value < faster && IsGreater(Scaled(rounds.Reference, faster), rounds.Subject)
            ? verdict with
            {
                Outcome = Outcome.Improved,
                Text = $"improved: {change}. Run 'bench gate --update', or the gate will not notice when it is lost",
            }
            : verdict;
    }

    /// <summary>Whether the values of <paramref name="sample"/> are the greater ones, beyond doubt.</summary>
    public static bool IsGreater(IReadOnlyList<double> sample, IReadOnlyList<double> other) => Probability(sample, other) < Doubt;

    /// <summary>
    /// One-sided probability that chance alone makes <paramref name="sample"/> that much greater, by the normal approximation: there
    /// are hundreds of rounds, and hardly ever two of the same length.
    /// </summary>
    public static double Probability(IReadOnlyList<double> sample, IReadOnlyList<double> other) => MannWhitneyTest.Instance.PerformStrategy(
        new Sample([.. sample]),
        new Sample([.. other]),
        AlternativeHypothesis.Greater,
        Threshold.Zero,
        MannWhitneyStrategy.NormalApprox).PValue;

    private static double[] Scaled(IReadOnlyList<double> values, double factor) => [.. values.Select(value => value * factor)];
}
