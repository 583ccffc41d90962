using System.Diagnostics;
using System.Globalization;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Traces;

namespace MagAlloc.Stress.Commands;

/// <summary>
/// What every command does around its work: opens the report before the work starts, ends it cleanly on Ctrl-C, prints the
/// verdict and chooses the exit code.
/// </summary>
internal sealed class RunSession(StressConsole console, TextWriter error)
{
    /// <summary>The work of a command; adds what it found to the report.</summary>
    public delegate void Work(RunReport report, StressConsole console, CancellationToken interruption);

    public int Run(RunReport report, string? jsonFile, Work work)
    {
        try
        {
            using JsonFile? json = JsonFile.Open(jsonFile);
            using Interruption interruption = new();
            long start = Stopwatch.GetTimestamp();
            work(report, console, interruption.Token);
            report.Elapsed = Stopwatch.GetElapsedTime(start);
            report.Interrupted |= interruption.Token.IsCancellationRequested;
            json?.Write(writer => JsonReport.Write(writer, report));
            Conclude(report);
            return report.Passed ? ExitCode.Pass : ExitCode.IntegrityFailure;
        }
        catch (Exception e) when (e is UsageException or TraceFormatException)
        {
            error.WriteLine($"stress: {e.Message}");
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is OutOfMemoryException or PlatformException)
        {
            // The machine refused what the run itself needs, for instance the heap's reservation.
            error.WriteLine($"stress: {e.GetType().Name}: {e.Message}");
            return ExitCode.IntegrityFailure;
        }
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
