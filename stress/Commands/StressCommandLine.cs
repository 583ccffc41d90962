using System.CommandLine;
using MagAlloc.Tool.Commands;
using MagAlloc.Tool.Tracing;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary>The program's command line, also run within the tests' process.</summary>
internal static class StressCommandLine
{
    /// <summary>Commands that run the engine, and so can be traced and watched.</summary>
    private const string Runs = "hammer, replay, iova, init-sweep, share";

    /// <summary>Parses and runs; returns the exit code.</summary>
    public static int Run(string[] args, ProgramConsole console, TextWriter output, TextWriter error) =>
        ProgramLine.Run("stress", Create(new RunSession(console, output, error)), args, output, error);

    /// <summary>Sees that a command to be traced is one, and that its options are right, before anything is started for it.</summary>
    /// <exception cref="UsageException">It is not.</exception>
    private static void CheckRunnable(string[] args)
    {
        ParseResult parse = Create(new RunSession(new ProgramConsole(TextWriter.Null, interactive: false), TextWriter.Null, TextWriter.Null)).Parse(args);
        if (parse.Errors.Count != 0)
            throw new UsageException($"behind '--': {ProgramLine.Complaint("stress", parse)}");
        string name = parse.CommandResult.Command.Name;
        if (parse.CommandResult.Command is not RootCommand && !Runs.Split(", ").Contains(name))
            throw new UsageException($"behind '--': '{name}' runs nothing; give one of {Runs}");
    }

    private static RootCommand Create(RunSession session)
    {
        TracedPrograms traced = TracedBy(session);
        RootCommand root = new("Hammers MagAlloc, replays allocation traces of real programs, shares buffers with processes that die, and makes construction fail step by step.")
        {
            Subcommands =
            {
                HammerCommand.Create(session),
                ReplayCommand.Create(session),
                InitSweepCommand.Create(session),
                IovaCommand.Create(session),
                ShareCommand.Create(session),
                TraceCommand.Create(session, traced),
                TopCommand.Create(session, traced),
                AnalyzeCommand.Create(session),
            },
        };
        MainJob.Configure(root, session);
        ProgramLine.AddGuides(root, name => name switch
        {
            "hammer" => HammerCommand.Examples,
            "replay" => ReplayCommand.Examples,
            "init-sweep" => InitSweepCommand.Examples,
            "iova" => IovaCommand.Examples,
            "share" => ShareCommand.Examples,
            "trace" => TraceCommand.Guide("stress", traced),
            "top" => TopCommand.Guide("stress", traced),
            "analyze" => AnalyzeCommand.Guide("stress", traced),
            "" => MainJob.Examples,
            _ => null,
        });
        return root;
    }

    private static TracedPrograms TracedBy(RunSession session) => new(
        $"Behind '--': a stress command ({Runs}) with its options, run in a process of its own",
        "hammer",
        "Of 'share' the owner of the buffers is traced, its importers are not; --in-process has the command record itself.",
        command =>
        {
            CheckRunnable(command);
            return () => ChildCommand.Start(
                OwnProgram.Start(typeof(StressCommandLine).Assembly, command), Describe(command), session.Say, session.Complain);
        },
        command =>
        {
            CheckRunnable(command);
            return () => new OwnCommand(Describe(command), () => session.RunNested(command));
        });

    private static string Describe(string[] command) => $"stress {string.Join(' ', command)}";
}
