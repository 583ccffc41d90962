using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using MagAlloc.Tooling.Hosting;

namespace MagAlloc.Tooling.Commands;

/// <summary>A program's command line from its arguments to its exit code. A mistake of the user is one line.</summary>
internal static class ProgramLine
{
    /// <summary>Parses and runs; returns the exit code.</summary>
    public static int Run(string program, RootCommand root, string[] args, TextWriter output, TextWriter error)
    {
        ParseResult parse = root.Parse(args);
        if (parse.Errors.Count != 0)
        {
            error.WriteLine($"{program}: {Complaint(program, parse)}");
            return ExitCode.Usage;
        }

        try
        {
            return parse.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,

                // Ctrl-C is the command's: it ends the run with a summary, however long freeing and judging takes.
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception e) when (Host.IsExpected(e))
        {
            // Beside mistakes of the user: the machine refuses what the run itself needs, for instance the heap's reservation.
            error.WriteLine(Host.LineOf(program, e));
            return Host.CodeOf(e);
        }
    }

    /// <summary>Has the help of each command followed by what <paramref name="guideOf"/> returns for its name; empty for that of the program.</summary>
    public static void AddGuides(RootCommand root, Func<string, string?> guideOf)
    {
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        string rootName = root.Name;
        help.Action = new ExampleHelpAction((HelpAction)help.Action!, name => guideOf(name == rootName ? string.Empty : name));
    }

    // One mistake often causes several errors; the first is the one the user made.
    public static string Complaint(string program, ParseResult parse) => $"{OneLine(MessageOf(parse, parse.Errors[0]))} (see '{PathOf(program, parse)} --help')";

    private static string MessageOf(ParseResult parse, ParseError error)
    {
        if (error.SymbolResult is OptionResult { Tokens.Count: 0, Option: IValueOption option } missing)
            return $"{missing.Option.Name}: a value is missing; give {option.Accepted}";
        if (parse.CommandResult.Command is not RootCommand { Action: null } root)
            return error.Message;
        string[] names = [.. root.Subcommands.Where(command => !command.Hidden).Select(command => command.Name)];
        string commands = $"{string.Join(", ", names[..^1])} or {names[^1]}";
        return parse.Tokens.Count == 0 ? $"a command is missing; give {commands}" : $"'{parse.Tokens[0].Value}' is not a command; give {commands}";
    }

    private static string PathOf(string program, ParseResult parse) =>
        parse.CommandResult.Command is RootCommand ? program : $"{program} {parse.CommandResult.Command.Name}";

    private static string OneLine(string message) =>
        string.Join(' ', message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.');
}
