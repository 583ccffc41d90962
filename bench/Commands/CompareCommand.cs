using System.CommandLine;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary><c>bench compare</c>: contenders against each other at the same workloads, in the same run.</summary>
internal static class CompareCommand
{
    private const int MaxRounds = 1000;

    /// <summary>What follows the generated help.</summary>
    public static string Guide => CompareGuide.Text;

    public static Command Create(ProgramConsole console)
    {
        NameListOption workloads = new(
            "--workload", "Workloads to measure. Default: all", [.. WorkloadCatalog.All.Select(w => w.Name)]);
        PeerOption peers = PeerOption.Native();
        PeerOption managedPeers = PeerOption.Managed();
        NameListOption contenders = new(
            "--contender",
            "Contenders to measure, peers by their names. Default: all",
            [.. ContenderCatalog.All.Select(c => c.Name)],
            result => [.. peers.NamesIn(result), .. managedPeers.NamesIn(result)]);
        NameListOption aged = new(
            "--aged",
            "Run each workload once more on a heap that this workload has aged: it has run there, and all its blocks are freed",
            [.. WorkloadCatalog.All.Select(w => w.Name).Where(name => name != ColdStartWorkload.StableName)]);
        ValueOption<int[]> threads = BenchOptions.Threads(
            "Numbers of threads, one after the other, for workloads that take several. Default: one for each processor, or what the workload is about");
        ValueOption<int> rounds = OptionFactory.Whole(
            "--rounds", $"Measured rounds. Default: {Pace.Full.Rounds}, with --quick {Pace.Quick.Rounds}", 0, 1, MaxRounds);
        ValueOption<string?> json = OptionFactory.Json();
        ValueOption<string?> report = OptionFactory.Path(
            "--report", "Also write report.html, report.md and their charts (SVG) into this folder", "DIR", "the path of a folder, made when missing");
        Option<bool> quick = new("--quick")
        {
            Description = "Fewer and shorter rounds: a first look, any single workload in less than 20 s",
        };

        Option<bool> list = new("--list")
        {
            Description = "Print the workloads and the contenders, and measure nothing",
        };

        Command command = new("compare", "Measure contenders against each other, round by round in turn")
        {
            Options = { workloads, contenders, peers, managedPeers, aged, threads, rounds, quick, json, report, list },
        };
        command.SetAction(parse =>
        {
            if (parse.GetValue(list))
            {
                console.Line(CompareGuide.Lists);
                return ExitCode.Pass;
            }

            Pace pace = parse.GetValue(quick) ? Pace.Quick : Pace.Full;
            int wanted = rounds.ValueIn(parse);
            IReadOnlyList<IPeerSpec> specs = [.. peers.SpecsIn(parse), .. managedPeers.SpecsIn(parse)];
            CompareRequest request = new(
                [.. WorkloadCatalog.All.Where(w => workloads.Selects(parse, w.Name))],
                [.. parse.GetValue(aged) ?? []],
                [.. ContenderCatalog.With(specs).Where(c => contenders.Selects(parse, c.Name))],
                specs,
                threads.ValueIn(parse),
                wanted == 0 ? pace : pace with { Rounds = wanted, Bursts = wanted },
                json.ValueIn(parse),
                report.ValueIn(parse));
            return new CompareRun(request, console, Progress.ForProcess()).Execute();
        });
        return command;
    }
}
