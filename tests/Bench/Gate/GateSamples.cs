using MagAlloc.Bench.Gate;
using MagAlloc.Bench.Gate.Baselines;
using MagAlloc.Bench.Gate.Rounds;
using MagAlloc.Bench.Gate.Verdicts;

namespace MagAlloc.Tests.Bench.Gate;

/// <summary>One entry of each kind, with a reading and a baseline that pass.</summary>
internal static class GateSamples
{
    public const double ReferenceNs = 4;
    public const double Ratio = 0.5;

    public static Fingerprint Machine { get; } = new("Model 1", 2, ".NET 10.0.1", "X64 AVX2", "2026-01-01", 5);

    public static GateEntry Law { get; } = new("locked-a", EntryKind.Law, "locked instructions");

    public static GateEntry Code { get; } = new("instructions-a", EntryKind.Code, "instructions");

    public static GateEntry Count { get; } = new("depot-exchanges-a", EntryKind.Count, "exchanges");

    public static GateEntry Time { get; } = new("ratio-a", EntryKind.Ratio, "× reference") { Threshold = 0.1, FloorNs = 0.1 };

    public static GateEntry Report { get; } = new("ns-a", EntryKind.Report, "ns");

    public static IReadOnlyList<GateEntry> Entries { get; } = [Law, Code, Count, Time, Report];

    public static IReadOnlyList<Reading> Readings { get; } =
        [new("locked-a", 0, 9), new("instructions-a", 50, 50), new("depot-exchanges-a", 7.5, 1000), TimeOf(Ratio), new("ns-a", 2, 100)];

    public static BaselineFile File { get; } = new(Machine,
    [
        new("locked-a", "exact", 0, "locked instructions"),
        new("instructions-a", "exact", 50, "instructions"),
        new("depot-exchanges-a", "exact", 7.5, "exchanges"),
        new("ratio-a", "ratio", Ratio, "× reference") { Threshold = 0.1, FloorNs = 0.1 },
        new("ns-a", "report", 2, "ns"),
    ]);

    /// <summary>Rounds of a contender that takes this much of the reference's time, with some noise.</summary>
    public static Reading TimeOf(double ratio, int rounds = 100)
    {
        Random random = new(1);
        double[] reference = [.. Enumerable.Range(0, rounds).Select(_ => ReferenceNs * (1 + (0.02 * random.NextDouble())))];
        double[] subject = [.. Enumerable.Range(0, rounds).Select(_ => ReferenceNs * ratio * (1 + (0.02 * random.NextDouble())))];
        return new Reading("ratio-a", ratio, rounds, new RoundSamples(subject, reference));
    }

    public static IReadOnlyList<Reading> With(Reading reading) => [.. Readings.Where(r => r.Name != reading.Name), reading];

    public static BaselineFile With(Baseline baseline) =>
        File with { Entries = [.. File.Entries.Where(b => b.Name != baseline.Name), baseline] };

    public static IReadOnlyList<Verdict> Judge(
        IReadOnlyList<Reading>? readings = null,
        BaselineFile? file = null,
        Fingerprint? here = null) =>
        new GateJudge(file ?? File, here ?? Machine).Judge(Entries, readings ?? Readings);
}
