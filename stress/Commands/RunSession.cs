using System.Diagnostics;
using System.Globalization;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Reporting.Page;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary>
/// What a command that tests the engine does around its work, too: opens the report before the work starts, prints the verdict and
/// chooses the exit code.
/// </summary>
internal sealed class RunSession(ProgramConsole console, TextWriter output, TextWriter error) : CommandSession("stress", console, output, error)
{
    private readonly ProgramConsole _console = console;

    /// <summary>The work of a command; adds what it found to the report.</summary>
    public delegate void Work(RunReport report, ProgramConsole console, CancellationToken interruption);

    public int Run(RunReport report, string? jsonFile, Work work, string? htmlFile = null) => Run((console, interruption) =>
    {
        using OutputFile? json = OutputFile.Open("--json", jsonFile);
        using OutputFile? html = OutputFile.Open("--report", htmlFile);
        long start = Stopwatch.GetTimestamp();
        work(report, console, interruption);
        report.Elapsed = Stopwatch.GetElapsedTime(start);
        report.Interrupted |= interruption.IsCancellationRequested;
        json?.Write(new JsonReport(report), StressJson.Default.JsonReport);
        html?.Write(RunPage.Of(report, string.Join(' ', Environment.GetCommandLineArgs().Skip(1))));
        Conclude(report);
        return report.Passed ? ExitCode.Pass : ExitCode.Failure;
    });

    /// <summary>A command within a command, on the same console.</summary>
    public int RunNested(string[] args) => StressCommandLine.Run(args, _console, Output, Error);

    private void Conclude(RunReport report)
    {
        foreach (string failure in report.Failures)
            _console.Failure(failure);
        string what = string.Create(
            CultureInfo.InvariantCulture,
            $"{Text.Count(report.Operations)} operations, {report.Corruptions} corruptions, {report.LeakedBlocks} leaked blocks, {report.InjectedFaults} injected faults in {Text.Seconds(report.Elapsed)}, seed {report.Seed}");
        _console.Verdict(report.Passed, report.Interrupted ? $"interrupted; until then {what}" : what);
    }
}
