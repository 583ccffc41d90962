using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tooling.Hosting;

/// <summary>
/// The outermost layer of a program: whatever comes out of it, on whichever thread, is one line on standard error and one of the three documented exit codes.
/// </summary>
internal static class Host
{
    /// <summary>Runs a program and ends the process, whatever threads are left.</summary>
    /// <param name="program">Its name, at the head of the line.</param>
    /// <param name="run">Returns the exit code.</param>
    public static int Run(string program, Func<int> run)
    {
        StandardStreams.Protect();
        AppDomain.CurrentDomain.UnhandledException += (_, thrown) =>
        {
            // Memory that is not there is a crash, and stays one: its code and its dump are what is looked for.
            if (thrown.ExceptionObject is AccessViolationException)
                return;
            Console.Error.WriteLine(LineOf(program, (Exception)thrown.ExceptionObject));
            Environment.Exit(ExitCode.Failure);
        };
        int exitCode;
        try
        {
            exitCode = run();
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(LineOf(program, e));
            exitCode = CodeOf(e);
        }

        return End(program, exitCode);
    }

    /// <summary>For work that cannot be interrupted: the process ends with its output, since nobody would see what comes of it.</summary>
    public static IDisposable EndWithOutput(string program) => StandardStreams.OutputEnded.Register(() => End(program, ExitCode.Pass));

    private static int End(string program, int exitCode)
    {
        if (StandardStreams.OutputFailure is { } failure)
        {
            // Whatever else went wrong was told already.
            if (!StandardStreams.IsErrorUsed)
                Console.Error.WriteLine($"{program}: standard output: {failure}");
            exitCode = exitCode == ExitCode.Pass ? ExitCode.Usage : exitCode;
        }

        Environment.Exit(exitCode);
        return exitCode;
    }

    /// <summary>One line: what the user can do something about in his words, anything else with its kind and where it comes from.</summary>
    public static string LineOf(string program, Exception thrown) => thrown switch
    {
        UsageException => $"{program}: {OneLine(thrown.Message)}",
        IOException or UnauthorizedAccessException => $"{program}: {thrown.GetType().Name}: {OneLine(thrown.Message)}",
        _ when IsExpected(thrown) => $"{program}: {thrown.GetType().Name}: {OneLine(thrown.Message)}",
        AggregateException { InnerExceptions: [var only] } => LineOf(program, only),
        _ => $"{program}: {thrown.GetType().Name}: {OneLine(thrown.Message)} ({OneLine(thrown.StackTrace?.Split('\n')[0].Trim() ?? "no stack")})",
    };

    /// <summary>A mistake of the user, no memory, or what the engine and the programs throw themselves: its message says all.</summary>
    public static bool IsExpected(Exception thrown) => thrown is OutOfMemoryException || thrown.GetType().Namespace?.StartsWith("MagAlloc", StringComparison.Ordinal) == true;

    /// <summary>2: the run cannot be had as it was asked for; 1: it failed.</summary>
    public static int CodeOf(Exception thrown) => thrown is UsageException ? ExitCode.Usage : ExitCode.Failure;

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
