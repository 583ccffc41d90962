using System.CommandLine;
using MagAlloc.Stress.Hammer;
using MagAlloc.Stress.Iova;
using MagAlloc.Stress.Replay;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Sharing;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary>
/// <c>stress</c> without a command: the bundled traces (with one thread and with real threads), the init sweep, a run on address
/// ranges, one with shared buffers, and a hammer run with thread churn and injected faults. Half a minute that says whether the engine works on this machine.
/// </summary>
internal static class MainJob
{
    public const string Examples = """
        Examples:
          stress                                   the main job: traces, init sweep, address ranges, shared buffers, 10 s of hammering with faults
          stress --seconds 60 --json report.json   the same with a longer hammer run and a machine-readable report
          stress hammer --threads 8 --seconds 60 --thread-churn --cross-thread 30 --faults p=0.001
          stress replay trace.gz --threaded
          stress init-sweep --component heap
          stress iova --aging
          stress share --rogue all

        'stress COMMAND --help' explains each command. Exit code: 0 pass, 1 integrity failure, 2 usage, or an output that cannot be
        written. Ctrl-C, SIGTERM and SIGHUP end a run with its results so far.
        """;

    private const string TraceFolder = "traces";
    private const string TracePattern = "*.trace.gz";

    // Of the hammer run's length: what the address ranges get.
    private const int IovaShare = 4;

    // And what the shared buffers get.
    private const int ShareShare = 3;

    private static readonly FaultSpec s_faults = new() { Probability = 0.01 };

    public static void Configure(RootCommand root, RunSession session)
    {
        ValueOption<double> seconds = OptionFactory.Seconds("--seconds", "Length of the hammer run. Default: 10", 10, 0.1, 604_800);
        root.Options.Add(seconds);
        CommonOptions common = new(root);
        root.SetAction(parse =>
        {
            ulong seed = common.SeedOf(parse);
            TimeSpan duration = TimeSpan.FromSeconds(seconds.ValueIn(parse));
            return session.Run(
                new RunReport("main", seed),
                common.JsonOf(parse),
                (report, console, interruption) => Execute(duration, report, console, interruption));
        });
    }

    private static void Execute(TimeSpan hammering, RunReport report, ProgramConsole console, CancellationToken interruption)
    {
        IReadOnlyList<string> traces = BundledTraces();
        foreach (ReplayOptions options in new ReplayOptions[] { new(), new() { Threaded = true } })
        {
            console.Heading(ReplayRun.Title(options));
            ReplayRun.Execute(traces, options, report, console, interruption);
        }

        InitSweepCommand.Execute(only: null, report, console, interruption);
        if (interruption.IsCancellationRequested)
            return;
        int threads = Math.Clamp(2 * Environment.ProcessorCount, 4, 64);
        IovaStressOptions iova = new()
        {
            Threads = threads,
            Duration = hammering / IovaShare,
            ThreadChurn = true,
            Seed = report.Seed,
        };
        IovaCommand.Execute(iova, report, console, interruption);
        if (interruption.IsCancellationRequested)
            return;
        if (OperatingSystem.IsLinux())
            ShareCommand.Execute(new ShareOptions { Duration = hammering / ShareShare, Importers = 2, Rogues = Enum.GetValues<RogueKind>(), Seed = report.Seed }, report, console, interruption);
        if (interruption.IsCancellationRequested)
            return;
        HammerOptions hammer = new()
        {
            Threads = threads,
            Duration = hammering,
            ThreadChurn = true,
            Faults = s_faults,
            Seed = report.Seed,
        };
        HammerCommand.Execute(hammer, report, console, interruption);
    }

    private static string[] BundledTraces()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, TraceFolder);
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, TracePattern) : [];
        if (files.Length == 0)
            throw new UsageException($"no bundled trace in {folder}; build the program again, or give traces to 'stress replay'");
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}
