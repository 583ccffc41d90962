using System.CommandLine;
using System.Diagnostics;
using MagAlloc.Tool.Tracing;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Commands;

/// <summary>The command line of <c>magalloc</c>.</summary>
internal static class ToolCommandLine
{
    public const string Program = "magalloc";

    /// <summary>Parses and runs; returns the exit code.</summary>
    public static int Run(string[] args, StressConsole console, TextWriter output, TextWriter error) =>
        ProgramLine.Run(Program, Create(new CommandSession(Program, console, output, error)), args, output, error);

    private static RootCommand Create(CommandSession session)
    {
        TracedPrograms traced = new(
            "Behind '--': a program that uses MagAlloc, with its arguments",
            "dotnet app.dll",
            command => () => ChildCommand.Start(new ProcessStartInfo(command[0], command[1..]), string.Join(' ', command), session.Say, session.Complain));
        RootCommand root = new("Records, watches and explains what a .NET program does with MagAlloc.")
        {
            Subcommands =
            {
                TraceCommand.Create(session, traced),
                TopCommand.Create(session, traced),
                AnalyzeCommand.Create(session),
            },
        };
        ProgramLine.AddGuides(root, name => name switch
        {
            "trace" => TraceCommand.Examples,
            "top" => TopCommand.Examples,
            "analyze" => AnalyzeCommand.Examples,
            _ => null,
        });
        return root;
    }
}
