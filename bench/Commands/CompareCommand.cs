using System.CommandLine;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;
using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary><c>bench compare</c>: contenders against each other at the same workloads, in the same run.</summary>
internal static class CompareCommand
{
    private const int MaxRounds = 1000;

    /// <summary>What follows the generated help.</summary>
    public static string Guide { get; } = $"""
        Workloads:
        {Names(WorkloadCatalog.All.Select(w => (w.Name, w.Description)))}

        Contenders:
        {Names(ContenderCatalog.All.Select(c => (c.Name, c.Description)))}

        Method: every contender is warmed up until the JIT has come to rest; then the rounds go through all contenders in turn,
        in one process and on the same threads. A figure is the median of the rounds, wall time per operation, beside the
        fastest and the slowest round. An operation is one allocation with its free, in a replay one event of the trace.
        Every block is written to once. Compare within a run: absolute figures belong to the machine and its other work.

        A native library that is not installed is shown as absent, with the Debian package that brings it.

        Examples:
          bench compare                                         all of it, about two minutes
          bench compare --quick --workload pair-64              one workload in a few seconds
          bench compare --contender magalloc mimalloc --rounds 51 --json out.json

        JSON: "results" is an array of {"{workload, contender, threads, nsPerOperation, spread {min, max}, operationsPerSecond}"};
        "skipped" tells who did not take part, and why. Exit code: 0 measured, 1 out of memory, 2 usage.
        """;

    public static Command Create(StressConsole console)
    {
        NameListOption workloads = new(
            "--workload", "Workloads to measure. Default: all", [.. WorkloadCatalog.All.Select(w => w.Name)]);
        NameListOption contenders = new(
            "--contender", "Contenders to measure. Default: all", [.. ContenderCatalog.All.Select(c => c.Name)]);
        ValueOption<int> rounds = OptionFactory.Whole(
            "--rounds", $"Measured rounds. Default: {Pace.Full.Rounds}, with --quick {Pace.Quick.Rounds}", 0, 1, MaxRounds);
        ValueOption<string?> json = new ValueOption<string?>(
            "--json", "Also write the report as JSON to this file", null, "FILE", "the path of a file to write")
            .ParsedBy((string text, out string? value) =>
            {
                value = text;
                return text.Length != 0;
            });
        Option<bool> quick = new("--quick")
        {
            Description = "Fewer and shorter rounds: a first look, any single workload in less than 20 s",
        };

        Command command = new("compare", "Measure contenders against each other, round by round in turn")
        {
            Options = { workloads, contenders, rounds, json, quick },
        };
        command.SetAction(parse =>
        {
            Pace pace = parse.GetValue(quick) ? Pace.Quick : Pace.Full;
            int wanted = rounds.ValueIn(parse);
            CompareRun.Execute(
                [.. WorkloadCatalog.All.Where(w => workloads.NamesIn(parse).Contains(w.Name))],
                [.. ContenderCatalog.All.Where(c => contenders.NamesIn(parse).Contains(c.Name))],
                wanted == 0 ? pace : pace with { Rounds = wanted },
                json.ValueIn(parse),
                console);
            return ExitCode.Success;
        });
        return command;
    }

    private static string Names(IEnumerable<(string Name, string Description)> entries) =>
        string.Join('\n', entries.Select(e => $"  {e.Name,-22} {e.Description}"));
}
