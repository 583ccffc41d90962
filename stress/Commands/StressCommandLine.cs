using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using MagAlloc.Stress.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary>The program's command line, also run within the tests' process.</summary>
internal static class StressCommandLine
{
    /// <summary>Commands that run the engine, and so can be traced and watched.</summary>
    public const string Runs = "hammer, replay, iova, init-sweep, share";


    /// <summary>Parses and runs; returns the exit code.</summary>
    public static int Run(string[] args, StressConsole console, TextWriter output, TextWriter error)
    {
        RootCommand root = Create(new RunSession(console, output, error));
        ParseResult parse = root.Parse(args);
        if (parse.Errors.Count != 0)
        {
            error.WriteLine($"stress: {Complaint(parse)}");
            return ExitCode.Usage;
        }

        return parse.Invoke(new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,

            // Ctrl-C is the session's: it ends the run with a summary, however long freeing and judging takes.
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>Sees that a command to be traced is one, and that its options are right, before anything is started for it.</summary>
    /// <exception cref="UsageException">It is not.</exception>
    public static void CheckRunnable(string[] args)
    {
        ParseResult parse = Create(new RunSession(new StressConsole(TextWriter.Null, interactive: false), TextWriter.Null, TextWriter.Null)).Parse(args);
        if (parse.Errors.Count != 0)
            throw new UsageException($"behind '--': {Complaint(parse)}");
        string name = parse.CommandResult.Command.Name;
        if (parse.CommandResult.Command is not RootCommand && !Runs.Split(", ").Contains(name))
            throw new UsageException($"behind '--': '{name}' runs nothing; give one of {Runs}");
    }

    private static RootCommand Create(RunSession session)
    {
        RootCommand root = new("Hammers MagAlloc, replays allocation traces of real programs, shares buffers with processes that die, and makes construction fail step by step.")
        {
            Subcommands =
            {
                HammerCommand.Create(session),
                ReplayCommand.Create(session),
                InitSweepCommand.Create(session),
                IovaCommand.Create(session),
                ShareCommand.Create(session),
                TraceCommand.Create(session),
                TopCommand.Create(session),
                AnalyzeCommand.Create(session),
            },
        };
        MainJob.Configure(root, session);
        string rootName = root.Name;
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExampleHelpAction((HelpAction)help.Action!, name => name switch
        {
            "hammer" => HammerCommand.Examples,
            "replay" => ReplayCommand.Examples,
            "init-sweep" => InitSweepCommand.Examples,
            "iova" => IovaCommand.Examples,
            "share" => ShareCommand.Examples,
            "trace" => TraceCommand.Examples,
            "top" => TopCommand.Examples,
            "analyze" => AnalyzeCommand.Examples,
            _ => name == rootName ? MainJob.Examples : null,
        });
        return root;
    }

    // One mistake often causes several errors; the first is the one the user made.
    private static string Complaint(ParseResult parse) => $"{OneLine(MessageOf(parse.Errors[0]))} (see '{PathOf(parse)} --help')";

    private static string MessageOf(ParseError error) =>
        error.SymbolResult is OptionResult { Tokens.Count: 0, Option: IValueOption option } missing
            ? $"{missing.Option.Name}: a value is missing; give {option.Accepted}"
            : error.Message;

    private static string PathOf(ParseResult parse) =>
        parse.CommandResult.Command is RootCommand ? "stress" : $"stress {parse.CommandResult.Command.Name}";

    private static string OneLine(string message) =>
        string.Join(' ', message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.');
}
