using System.Text.Json;
using MagAlloc.Bench.Children;
using MagAlloc.Bench.Commands;

namespace MagAlloc.Bench.Gate.Rounds;

/// <summary>
/// Time of a workload as a multiple of the reference's in the same rounds. The rounds run in several processes one after the other: code
/// and data lie elsewhere in each, which moves a ratio by more than the rounds of one process show.
/// </summary>
/// <param name="workload">Stable name.</param>
/// <param name="threshold">That a new baseline gets.</param>
/// <param name="profiled">
/// True: compiled by the profile of the run, as in a program. False where that profile comes out differently from process to
/// process, so that the same source is sometimes one code and sometimes another: then compiled without.
/// </param>
/// <param name="contenders">Stable names.</param>
internal sealed class RatioProbe(string workload, double threshold, bool profiled, params string[] contenders) : IGateProbe
{
    // A third of a cycle at 3 GHz: what the place of a loop in its cache lines can make, and no change of the engine worth naming.
    private const double FloorNs = 0.1;

    private const int Processes = 3;
    private const string DefaultCalls = "magalloc";

    private readonly Dictionary<string, string> _environment = new() { ["DOTNET_TieredPGO"] = profiled ? "1" : "0" };

    /// <summary>Stable name of what the contenders are measured against.</summary>
    public string Reference { get; init; } = RoundsRun.Reference;

    /// <summary>What the ratio is a multiple of, as its unit says it.</summary>
    public string Unit { get; init; } = "× reference";

    public IReadOnlyList<GateEntry> Entries =>
    [
        .. contenders.Select(contender => new GateEntry(Ratio(contender), EntryKind.Ratio, Unit)
        {
            Threshold = threshold,
            FloorNs = FloorNs,
        }),
        .. contenders.Select(contender => new GateEntry(Absolute(contender), EntryKind.Report, "ns per operation")),
    ];

    public IEnumerable<Reading> Measure()
    {
        List<RoundsReport> reports = [];
        for (int i = 0; i < Processes; i++)
        {
            string json = GateProcess.Run([GateChildCommand.Rounds, workload, .. contenders], _environment);
            reports.Add(JsonSerializer.Deserialize(json, ChildJson.Default.RoundsReport)!);
        }

        foreach (string contender in contenders)
        {
            RoundSamples[] processes = [.. reports.Select(r => new RoundSamples(r.Times[contender], r.Times[Reference]))];
            RoundSamples samples = new([.. processes.SelectMany(p => p.Subject)], [.. processes.SelectMany(p => p.Reference)]);
            double ratio = Quantile.Median([.. processes.Select(p => Quantile.Lower(p.Subject) / Quantile.Lower(p.Reference))]);
            double absolute = Quantile.Median([.. processes.Select(p => Quantile.Lower(p.Subject))]);
            yield return new Reading(Ratio(contender), ratio, samples.Subject.Count, samples);
            yield return new Reading(Absolute(contender), absolute, samples.Subject.Count);
        }
    }

    private string Ratio(string contender) => $"ratio-{workload}{Suffix(contender)}";

    private string Absolute(string contender) => $"ns-{workload}{Suffix(contender)}";

    private static string Suffix(string contender) =>
        contender.StartsWith(DefaultCalls, StringComparison.Ordinal) ? contender[DefaultCalls.Length..] : string.Empty;
}
