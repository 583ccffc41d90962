using System.CommandLine;
using System.CommandLine.Parsing;
using MagAlloc.Tool.Tracing;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tool.Commands;

/// <summary>
/// The part of a command line that says what to look into: a running process, or a command behind <c>--</c>. An instance belongs
/// to one command.
/// </summary>
internal sealed class TracedOptions
{
    private readonly TracedPrograms _programs;

    private readonly ValueOption<int> _pid = OptionFactory.Whole(
        "--pid", "Id of a running .NET process that uses the engine; it goes on afterwards", 0, 1, int.MaxValue, "PID");

    private readonly Argument<string[]> _command;

    public TracedOptions(Command command, TracedPrograms programs)
    {
        _programs = programs;
        _command = new Argument<string[]>("command") { Description = programs.Description, Arity = ArgumentArity.ZeroOrMore };
        command.Options.Add(_pid);
        command.Arguments.Add(_command);
    }

    /// <summary>Reads the command line; what it returns opens the process.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="within">The command runs in this process.</param>
    /// <param name="fallback">Opens what is meant when neither a process nor a command is given; null: one must be.</param>
    /// <exception cref="UsageException">The command line names no process or two, or a command that cannot be run.</exception>
    public Func<ITraced> Of(ParseResult parse, bool within = false, Func<ITraced>? fallback = null)
    {
        string[] command = parse.GetValue(_command) ?? [];
        int pid = _pid.ValueIn(parse);
        bool dashes = parse.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        if (!dashes && command.Length != 0)
            throw new UsageException($"'{command[0]}' is not accepted here; put '--' before the command: -- {string.Join(' ', command)}");
        if (pid != 0 && dashes)
            throw new UsageException("--pid: give either a process or a command behind '--'");
        if (within && !dashes)
            throw new UsageException($"--in-process: give a command behind '--', for instance -- {_programs.Sample}");
        if (pid != 0)
            return () => AttachedProcess.Open(pid);
        if (!dashes)
            return fallback ?? throw new UsageException($"--pid: give the id of a process, or a command behind '--', for instance -- {_programs.Sample}");

        return within ? _programs.Within!(command) : _programs.Child(command);
    }
}
