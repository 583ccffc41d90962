using System.Diagnostics;
using System.Globalization;
using MagAlloc.Stress.Hosting;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Reporting.Page;
using MagAlloc.Stress.Traces;

namespace MagAlloc.Stress.Commands;

/// <summary>
/// What every command does around its work: opens the report before the work starts, ends it cleanly on Ctrl-C, prints the
/// verdict and chooses the exit code.
/// </summary>
internal sealed class RunSession(StressConsole console, TextWriter output, TextWriter error)
{
    /// <summary>The work of a command; adds what it found to the report.</summary>
    public delegate void Work(RunReport report, StressConsole console, CancellationToken interruption);

    public int Run(RunReport report, string? jsonFile, Work work, string? htmlFile = null) => Run((console, interruption) =>
    {
        using JsonFile? json = JsonFile.Open(jsonFile);
        using OutputFile? html = OutputFile.Open("--report", htmlFile);
        long start = Stopwatch.GetTimestamp();
        work(report, console, interruption);
        report.Elapsed = Stopwatch.GetElapsedTime(start);
        report.Interrupted |= interruption.IsCancellationRequested;
        json?.Write(writer => JsonReport.Write(writer, report));
        html?.Write(RunPage.Of(report, string.Join(' ', Environment.GetCommandLineArgs().Skip(1))));
        Conclude(report);
        return report.Passed ? ExitCode.Pass : ExitCode.IntegrityFailure;
    });

    /// <summary>Runs a command that is no test of the engine and has no verdict; it chooses its exit code itself.</summary>
    public int Run(Func<StressConsole, CancellationToken, int> work)
    {
        try
        {
            using Interruption interruption = new();
            return work(console, interruption.Token);
        }
        catch (Exception e) when (e is UsageException or TraceFormatException or OutOfMemoryException or PlatformException or BufferException)
        {
            // Beside mistakes of the user: the machine refuses what the run itself needs, for instance the heap's reservation.
            error.WriteLine(Host.LineOf("stress", e));
            return Host.CodeOf(e);
        }
    }

    /// <summary>A command within a command, on the same console.</summary>
    public int RunNested(string[] args) => StressCommandLine.Run(args, console, output, error);

    /// <summary>One line of the output; any thread.</summary>
    public void Say(string line) => console.Line(line);

    /// <summary>One line on standard error; any thread.</summary>
    public void Complain(string line)
    {
        lock (error)
            error.WriteLine(line);
    }

    private void Conclude(RunReport report)
    {
        foreach (string failure in report.Failures)
            console.Failure(failure);
        string what = string.Create(
            CultureInfo.InvariantCulture,
            $"{Text.Count(report.Operations)} operations, {report.Corruptions} corruptions, {report.LeakedBlocks} leaked blocks, {report.InjectedFaults} injected faults in {Text.Seconds(report.Elapsed)}, seed {report.Seed}");
        console.Verdict(report.Passed, report.Interrupted ? $"interrupted; until then {what}" : what);
    }
}
