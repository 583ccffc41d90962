using System.CommandLine;
using System.Diagnostics;
using MagAlloc.Tool.Tracing;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Commands;

/// <summary>The command line of <c>magalloc</c>.</summary>
internal static class ToolCommandLine
{
    private const string Program = "magalloc";
    private const string Guide = """
        Examples:
          magalloc trace -- dotnet app.dll             record a program; a file of this folder, and who allocates
          magalloc trace --pid 4711 --seconds 10       record a running process
          magalloc analyze FILE.nettrace --html FILE.html
          magalloc top                                 live figures of the one process on this machine that uses MagAlloc

        'magalloc COMMAND --help' explains each command. Exit code: 0 done, 1 failed, 2 usage, or a file that cannot be read or written; of a
        command behind '--' its own, or 1 if that is another.
        """;

    /// <summary>Parses and runs; returns the exit code.</summary>
    public static int Run(string[] args, ProgramConsole console, TextWriter output, TextWriter error) =>
        ProgramLine.Run(Program, Create(new CommandSession(Program, console, output, error)), args, output, error);

    /// <summary>What starts the program in a process of its own is not the process to be traced.</summary>
    /// <exception cref="UsageException">The command is one of those.</exception>
    private static void CheckRunnable(string[] command)
    {
        if (command.Length == 0)
            throw new UsageException("behind '--': give a program that uses MagAlloc, for instance dotnet app.dll");
        if (Path.GetFileNameWithoutExtension(command[0]) == "dotnet" && command.Length > 1 && command[1] is ("run" or "test" or "watch"))
            throw new UsageException($"behind '--': 'dotnet {command[1]}' starts the program in a process of its own, which would not be traced; give the built one, for instance dotnet bin/Release/net10.0/app.dll");
    }

    private static RootCommand Create(CommandSession session)
    {
        TracedPrograms traced = new(
            "Behind '--': a program that uses MagAlloc, with its arguments",
            "dotnet app.dll",
            "A .NET program that the command starts itself would wait for a tracer of its own: give the program that uses MagAlloc, not 'dotnet run'.",
            command =>
            {
                CheckRunnable(command);
                return () => ChildCommand.Start(new ProcessStartInfo(command[0], command[1..]), string.Join(' ', command), session.Say, session.Complain);
            });
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
            "trace" => TraceCommand.Guide(Program, traced),
            "top" => TopCommand.Guide(Program, traced),
            "analyze" => AnalyzeCommand.Guide(Program, traced),
            "" => Guide,
            _ => null,
        });
        return root;
    }
}
