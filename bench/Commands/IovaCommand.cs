using System.CommandLine;
using MagAlloc.Bench.Iova;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary><c>bench iova</c>: the address-range domain against a model of the kernel's allocator, in the same rounds.</summary>
internal static class IovaCommand
{
    private const int MaxRounds = 1000;

    private static readonly int[] s_threads = [1, 2, 4, 8];

    /// <summary>What follows the generated help.</summary>
    public static string Guide { get; } = $"""
        Workloads:
        {string.Join('\n', IovaWorkloadCatalog.All.Select(w => $"  {w.Name,-20} {w.Description}"))}

        Method: an IovaDomain and a managed model of the algorithm of Linux's drivers/iommu/iova.c (one red-black tree under one lock,
        a walk downwards from the last range, magazines for each processor and a depot, each under a lock) take rounds in turn. The
        model runs twice: with the locks of a managed program, and with bare spinlocks as the kernel's, which no program could use. A
        figure is the median of the rounds, wall time per operation of all threads together. An operation is one allocation with
        its free. At the pair the heap's pair of 64 bytes takes its turn as well.

        Examples:
          bench iova                                        all workloads with 1, 2, 4 and 8 threads, in about three minutes
          bench iova --quick --workload pair mixed --threads 2
          bench iova --json iova.json

        JSON: "results" is an array of workload, contender, threads, nsPerOperation, spread, operationsPerSecond, settled;
        "overKernelModel" has the model's times over the domain's; "pairOverHeap" and "fragmentedOverEmpty" are with the fewest threads.
        Exit code: 0 measured, 1 out of memory or interrupted, 2 usage.
        """;

    public static Command Create(ProgramConsole console)
    {
        NameListOption workloads = new("--workload", "Workloads to measure. Default: all", [.. IovaWorkloadCatalog.All.Select(w => w.Name)]);
        ValueOption<int[]> threads = BenchOptions.Threads($"Numbers of threads, one after the other. Default: {string.Join(',', s_threads)}", s_threads);
        ValueOption<int> rounds = OptionFactory.Whole(
            "--rounds", $"Measured rounds. Default: {Pace.Full.Rounds}, with --quick {Pace.Quick.Rounds}", 0, 1, MaxRounds);
        Option<bool> quick = new("--quick") { Description = "Fewer and shorter rounds: a first look" };
        ValueOption<string?> json = OptionFactory.Json();
        Command command = new("iova", "Measure the address-range domain against a model of the kernel's allocator")
        {
            Options = { workloads, threads, rounds, quick, json },
        };
        command.SetAction(parse =>
        {
            Pace pace = parse.GetValue(quick) ? Pace.Quick : Pace.Full;
            int wanted = rounds.ValueIn(parse);
            return Execute(
                [.. IovaWorkloadCatalog.All.Where(w => workloads.Selects(parse, w.Name))],
                threads.ValueIn(parse),
                wanted == 0 ? pace : pace with { Rounds = wanted },
                json.ValueIn(parse),
                console);
        });
        return command;
    }

    private static int Execute(IReadOnlyList<IovaWorkload> workloads, int[] threads, Pace pace, string? jsonFile, ProgramConsole console)
    {
        using OutputFile? json = OutputFile.Open("--json", jsonFile);
        using Interruption interruption = new();
        Progress progress = Progress.ForProcess();
        List<IovaLine> lines = [];
        bool complete = true;
        try
        {
            progress.Begin("iova");
            foreach (IovaWorkload workload in workloads)
            {
                foreach (int count in threads)
                {
                    progress.Show($"{workload.Name}, {count} threads");
                    lines.AddRange(IovaComparison.Run(workload, count, pace, interruption.Token));
                }
            }
        }
        catch (OperationCanceledException)
        {
            complete = false;
        }

        progress.End();
        IovaFindings findings = new(lines);
        console.Heading("iova: nanoseconds per operation");
        IovaTable.Print(console, findings);
        json?.Write(new IovaJson(pace, findings), BenchJson.Default.IovaJson);
        if (!complete)
            console.Failure("interrupted: what was finished is reported");
        return complete || StandardStreams.OutputEnded.IsCancellationRequested ? ExitCode.Pass : ExitCode.Failure;
    }
}
