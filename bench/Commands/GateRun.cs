using System.Diagnostics;
using MagAlloc.Bench.Gate;
using MagAlloc.Bench.Gate.Baselines;
using MagAlloc.Bench.Gate.Verdicts;
using MagAlloc.Bench.Reporting;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary>Carries the gate out: measures, judges, measures once more what time alone condemns, reports.</summary>
/// <param name="baselines">Path of the baselines.</param>
/// <param name="wanted">Null: all entries.</param>
/// <param name="console">For the report.</param>
internal sealed class GateRun(string baselines, IReadOnlyCollection<string>? wanted, ProgramConsole console)
{
    /// <summary>Runs behind a recorded value: an odd number, so that the median is one of them.</summary>
    public const int UpdateRuns = 5;

    private readonly GateMeasurement _measurement = new(wanted, console.Failure);

    public int Check(string? jsonFile)
    {
        BaselineFile file = BaselineStore.Read(baselines);
        RequireKnown(file);
        OutputFile.RefuseInput(baselines, ("--json", jsonFile));
        using OutputFile? json = OutputFile.Open("--json", jsonFile);
        Fingerprint here = Fingerprint.Here(runs: 1);
        long start = Stopwatch.GetTimestamp();
        console.Heading($"gate: {_measurement.Entries.Count} entries, baselines of {file.Fingerprint.Date}");
        PrintMachine(file.Fingerprint, here);

        GateJudge judge = new(file, here);
        IReadOnlyList<Verdict> verdicts = Remeasured(judge, judge.Judge(_measurement.Entries, _measurement.Run(), wanted));
        GateTable.Print(console, verdicts);
        int red = verdicts.Count(v => v.Outcome == Outcome.Fail);

        // Nothing to judge is no pass.
        bool pass = red == 0 && verdicts.Count != 0;
        json?.Write(new GateJson(pass, file.Fingerprint, here, verdicts), BenchJson.Default.GateJson);
        console.Verdict(pass, $"{verdicts.Count - red} of {verdicts.Count} entries, {Text.Seconds(Stopwatch.GetElapsedTime(start))}");
        return pass ? ExitCode.Pass : ExitCode.Failure;
    }

    public int Update()
    {
        BaselineFile? old = File.Exists(baselines) ? BaselineStore.Read(baselines) : null;
        Fingerprint here = Fingerprint.Here(UpdateRuns);
        if (wanted is not null && old is not null && !(old.Fingerprint.IsSameMachine(here) && old.Fingerprint.HasSameJit(here)))
            throw new UsageException("--entry: only part of the baselines cannot be recorded on another machine or runtime; leave it out");

        List<IReadOnlyList<Reading>> runs = [];
        for (int run = 1; run <= UpdateRuns; run++)
        {
            console.Line($"run {run} of {UpdateRuns}");
            runs.Add(_measurement.Run());
        }

        BaselineFile file = BaselineUpdate.Make(
            _measurement.Entries, runs, old, here, all: wanted is null, out IReadOnlyList<string> flaws);
        foreach (string flaw in flaws)
            console.Failure(flaw);
        if (flaws.Count != 0)
        {
            console.Verdict(false, $"{baselines} is left as it was");
            return ExitCode.Failure;
        }

        BaselineStore.Write(baselines, file);
        PrintChanges(old, file);
        console.Verdict(true, $"{file.Entries.Count} entries in {baselines}");
        return ExitCode.Pass;
    }

    // A disturbance seldom comes twice; a slow path is slow again.
    private IReadOnlyList<Verdict> Remeasured(GateJudge judge, IReadOnlyList<Verdict> first)
    {
        GateEntry[] again = [.. _measurement.Entries.Where(e => first.Any(v => v.IsByTime && v.Name == e.Name))];
        if (again.Length == 0)
            return first;
        console.Line($"measured once more: {string.Join(", ", again.Select(e => e.Name))}");
        string[] names = [.. again.Select(e => e.Name)];
        Dictionary<string, Verdict> second = judge.Judge(again, _measurement.Run(again), names).ToDictionary(v => v.Name);
        return [.. first.Select(v => second.TryGetValue(v.Name, out Verdict? now) ? Joined(v, now) : v)];
    }

    private static Verdict Joined(Verdict first, Verdict second) => second.Outcome == Outcome.Fail
        ? second with { Text = $"{second.Text} (measured twice: {Figures.Number(first.Measured)}, {Figures.Number(second.Measured)})" }
        : second with { Text = $"a first measurement was slower ({Figures.Number(first.Measured)}), a second one is not" };

    private void RequireKnown(BaselineFile file)
    {
        string[] known = [.. GateCatalog.Entries.Select(e => e.Name), .. file.Entries.Select(b => b.Name)];
        if (wanted?.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw new UsageException($"--entry: '{unknown}' is not known; give one or more of {string.Join(", ", known.Distinct())}");
    }

    private void PrintMachine(Fingerprint recorded, Fingerprint here)
    {
        if (!recorded.IsSameMachine(here))
        {
            console.Line($"recorded on {recorded.Cpu}, {recorded.Cores} cores; this is {here.Cpu}, {here.Cores} cores: "
                + $"ratios may be up to {GateJudge.ForeignThreshold:P0} above");
        }

        if (!recorded.HasSameJit(here))
        {
            console.Line($"recorded on {recorded.Runtime}, {recorded.Architecture}; this is {here.Runtime}, {here.Architecture}: "
                + $"code sizes may differ by {GateJudge.ForeignAllowance:P0}");
        }
    }

    private void PrintChanges(BaselineFile? old, BaselineFile now)
    {
        Dictionary<string, Baseline> before = (old?.Entries ?? []).DistinctBy(b => b.Name).ToDictionary(b => b.Name);
        foreach (Baseline entry in now.Entries)
        {
            if (!before.Remove(entry.Name, out Baseline? was))
                console.Line($"{entry.Name}: new: {Figures.Number(entry.Value)} {entry.Unit}");
            else if (was.Value != entry.Value || was.Unit != entry.Unit)
                console.Line($"{entry.Name}: {Figures.Change(was.Value, entry.Value)} {entry.Unit}");
        }

        foreach (string name in before.Keys)
            console.Line($"{name}: dropped");
    }
}
