using System.CommandLine;
using MagAlloc.Tool.Tracing;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tool.Commands;

/// <summary><c>top</c>: the figures of a living process.</summary>
internal static class TopCommand
{
    public static string Guide(string program, TracedPrograms programs) => $"""
        Examples:
          {program} top                              the one process on this machine that uses the engine
          {program} top --pid 4711 --seconds 30
          {program} top --pid 4711 --interval 5 > memory.log     plain lines, one an owner, when the output is not a terminal
          {program} top -- {programs.Sample}

        Shows each heap, pool, cache, domain and queue: bytes in the hands of callers, cached in threads and depots, committed and its peak;
        magazines in the depots, their exchanges, magazines reclaimed, threads, injected faults. Ctrl-C ends it; a process that was not
        started here goes on.
        """;

    public static Command Create(CommandSession session, TracedPrograms programs)
    {
        ValueOption<double> seconds = OptionFactory.Seconds(
            "--seconds", "How long to show. Default: until the process ends, or Ctrl-C", 0, 0.1, 604_800);
        ValueOption<double> interval = OptionFactory.Seconds("--interval", "Between two looks. Default: 1", 1, 0.1, 3600);
        Command command = new("top", "Show live where the memory of a process is and what its magazines do")
        {
            Options = { seconds, interval },
        };
        TracedOptions traced = new(command, programs);
        command.SetAction(parse => session.Run((console, interruption) => TopRun.Execute(
            traced.Of(parse, within: false, EngineProcesses.OpenOnly),
            TimeSpan.FromSeconds(interval.ValueIn(parse)),
            seconds.ValueIn(parse) is > 0 and double s ? TimeSpan.FromSeconds(s) : null,
            console,
            interruption)));
        return command;
    }
}
