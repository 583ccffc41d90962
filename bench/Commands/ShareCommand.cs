using System.CommandLine;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;
using MagAlloc.Bench.Share;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary><c>bench share</c>: frames to another process and back, in exported buffers, a mapped file and a pipe.</summary>
internal static class ShareCommand
{
    private const int MaxRounds = 1000;
    private const long DefaultFrame = 1 << 20;

    /// <summary>What follows the generated help.</summary>
    public static string Guide { get; } = $"""
        Workloads:
        {string.Join('\n', ShareWorkload.All.Select(w => $"  {w.Name,-14} {w.Description}"))}

        Method: this process produces, one child for each way consumes. An operation is a frame that goes there and is acknowledged. buffer-queue: a BufferQueue
        and a BufferImporter with default options. mapped-file: a MemoryMappedFile over a file in the temporary folder that both map, and a byte
        through a pipe each way for each frame. pipe-copy: the frame goes through the pipe. The ways take rounds in turn; a figure is the median.

        Examples:
          bench share                          all workloads with frames of 1 MiB, in about half a minute
          bench share --frame 64KiB --quick
          bench share --json share.json
          bench share --steps                  what making, exporting, asking and revoking cost

        JSON: "results" is an array of workload, contender, nsPerOperation, spread, operationsPerSecond, settled; with --steps "steps" is one of
        step, microseconds.
        Exit code: 0 measured, 1 out of memory or interrupted, 2 usage.
        """;

    public static Command Create(ProgramConsole console)
    {
        NameListOption workloads = new("--workload", "Workloads to measure. Default: all", [.. ShareWorkload.All.Select(w => w.Name)]);
        ValueOption<long> frame = OptionFactory.Bytes("--frame", $"Size of a frame. Default: {Text.Bytes(DefaultFrame)}", DefaultFrame, 4096, 256 << 20);
        ValueOption<int> rounds = OptionFactory.Whole(
            "--rounds", $"Measured rounds. Default: {Pace.Full.Rounds}, with --quick {Pace.Quick.Rounds}", 0, 1, MaxRounds);
        Option<bool> steps = new("--steps") { Description = "Single steps instead: making, exporting, asking who holds, revoking, guarded copies" };
        Option<bool> quick = new("--quick") { Description = "Fewer and shorter rounds: a first look" };
        ValueOption<string?> json = OptionFactory.Json();
        Command command = new("share", "Measure frames to another process and back, beside a mapped file and a pipe")
        {
            Options = { workloads, frame, rounds, steps, quick, json },
        };
        command.SetAction(parse =>
        {
            Pace pace = parse.GetValue(quick) ? Pace.Quick : Pace.Full;
            int wanted = rounds.ValueIn(parse);
            if (parse.GetValue(steps))
                return ExecuteSteps(pace, json.ValueIn(parse), console);
            return Execute(
                [.. ShareWorkload.All.Where(w => workloads.Selects(parse, w.Name))],
                (int)frame.ValueIn(parse),
                wanted == 0 ? pace : pace with { Rounds = wanted },
                json.ValueIn(parse),
                console);
        });
        return command;
    }

    private static int ExecuteSteps(Pace pace, string? jsonFile, ProgramConsole console)
    {
        if (!OperatingSystem.IsLinux())
            throw new UsageException("buffers are shared between processes on Linux only");
        using OutputFile? json = OutputFile.Open("--json", jsonFile);
        using Interruption interruption = new();
        try
        {
            IReadOnlyList<(string Step, double Microseconds)> steps = ShareSteps.Measure(pace, interruption.Token);
            console.Heading("share: microseconds a step");
            console.Grid(["step", "µs"], [.. steps.Select(step => new[] { step.Step, Text.Number(step.Microseconds, "0.0") })]);
            json?.Write(ShareJson.Of(pace, steps), BenchJson.Default.ShareJson);
            return ExitCode.Pass;
        }
        catch (OperationCanceledException)
        {
            console.Failure("interrupted");
            return StandardStreams.OutputEnded.IsCancellationRequested ? ExitCode.Pass : ExitCode.Failure;
        }
    }

    private static int Execute(IReadOnlyList<ShareWorkload> workloads, int bytes, Pace pace, string? jsonFile, ProgramConsole console)
    {
        if (!OperatingSystem.IsLinux())
            throw new UsageException("buffers are shared between processes on Linux only");
        using OutputFile? json = OutputFile.Open("--json", jsonFile);
        using Interruption interruption = new();
        Progress progress = Progress.ForProcess();
        List<ShareLine> lines = [];
        bool complete = true;
        try
        {
            progress.Begin("share");
            foreach (ShareWorkload workload in workloads)
            {
                progress.Show(workload.Name);
                lines.AddRange(ShareComparison.Run(workload, bytes, pace, interruption.Token));
            }
        }
        catch (OperationCanceledException)
        {
            complete = false;
        }

        progress.End();
        console.Heading($"share: frames of {Text.Bytes(bytes)} a second, there and back");
        ShareReport.Print(console, ShareContenders.Names, lines);
        json?.Write(ShareJson.Of(pace, bytes, lines), BenchJson.Default.ShareJson);
        if (!complete)
            console.Failure("interrupted: what was finished is reported");
        return complete || StandardStreams.OutputEnded.IsCancellationRequested ? ExitCode.Pass : ExitCode.Failure;
    }
}
