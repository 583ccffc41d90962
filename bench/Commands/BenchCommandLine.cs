using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using MagAlloc.Bench.Children;
using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Hosting;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Traces;

namespace MagAlloc.Bench.Commands;

/// <summary>The program's command line.</summary>
internal static class BenchCommandLine
{
    private const string Commands = "compare, micro, iova, share or gate";

    private const string Examples = """
        Examples:
          bench compare --quick       every contender at every workload, in about ten minutes
          bench micro --job short     single steps of the engine, with their machine code
          bench iova                  the address-range domain against a model of the kernel's
          bench share                 frames to another process, beside a mapped file and a pipe
          bench gate                  has anything become worse than its baseline?
          bench compare --help        what is measured, how, and by which names
          bench micro --help          which steps, and what BenchmarkDotNet takes
          bench iova --help           which workloads of address ranges
          bench share --help          which workloads of frames
          bench gate --help           what is watched, and how strictly
        """;

    /// <summary>Parses and runs; returns the exit code.</summary>
    public static int Run(string[] args, StressConsole console, TextWriter output, TextWriter error)
    {
        RootCommand root = Create(console);
        ParseResult parse = root.Parse(args);
        if (parse.Errors.Count != 0)
        {
            // One mistake often causes several errors; the first is the one the user made.
            error.WriteLine($"bench: {OneLine(MessageOf(parse, parse.Errors[0]))} (see '{PathOf(parse)} --help')");
            return ExitCode.Usage;
        }

        try
        {
            return parse.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        }
        catch (Exception e) when (e is UsageException or TraceFormatException or OutOfMemoryException or PlatformException or BufferException or ChildFailedException)
        {
            error.WriteLine(Host.LineOf("bench", e));
            return Host.CodeOf(e);
        }
    }

    private static RootCommand Create(StressConsole console)
    {
        RootCommand root = new("Measures MagAlloc against what a .NET program would use in its place.")
        {
            Subcommands =
            {
                CompareCommand.Create(console),
                MicroCommand.Create(console),
                IovaCommand.Create(console),
                ShareCommand.Create(console),
                GateCommand.Create(console),
                GateChildCommand.CreateRounds(),
                GateChildCommand.CreateCode(),
            },
        };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        string rootName = root.Name;
        help.Action = new ExampleHelpAction((HelpAction)help.Action!, name => name switch
        {
            "compare" => CompareCommand.Guide,
            "micro" => MicroCommand.Guide,
            "iova" => IovaCommand.Guide,
            "share" => ShareCommand.Guide,
            "gate" => GateCommand.Guide,
            _ => name == rootName ? Examples : null,
        });
        return root;
    }

    private static string MessageOf(ParseResult parse, ParseError error)
    {
        if (error.SymbolResult is OptionResult { Tokens.Count: 0, Option: IValueOption option } missing)
            return $"{missing.Option.Name}: a value is missing; give {option.Accepted}";
        if (parse.CommandResult.Command is not RootCommand)
            return error.Message;
        return parse.Tokens.Count == 0 ? $"a command is missing; give {Commands}" : $"'{parse.Tokens[0].Value}' is not a command; give {Commands}";
    }

    private static string PathOf(ParseResult parse) =>
        parse.CommandResult.Command is RootCommand ? "bench" : $"bench {parse.CommandResult.Command.Name}";

    private static string OneLine(string message) =>
        string.Join(' ', message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.');
}
