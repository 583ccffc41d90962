using System.CommandLine;
using MagAlloc.Stress.InitSweep;
using MagAlloc.Stress.Reporting;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary><c>stress init-sweep</c>: makes every fallible step of every component fail in turn.</summary>
internal static class InitSweepCommand
{
    public static readonly string Examples = $"""
        Examples:
          stress init-sweep
          stress init-sweep --component heap-full --json sweep.json

        For each component fallible step 1, 2, 3, … is made to fail until it is built untouched; then, for each kind of step,
        all of them (lasting faults, which no retry gets over). The same again beside a living twin (one more of the same
        name and kind), beside a twin that is being disposed, and while somebody reads all events and instruments. At last
        pairs of steps: the second one in the clean-up or the retry that the first one's failure sets off. After each failure
        there must be one clear exception, no mapping, no thread, no descriptor and no byte left, the next attempt must
        succeed, and the twin must work as before.

        Components:
        {string.Join(Environment.NewLine, InitScenarios.All.Select(s => $"  {s.Name,-18}{s.What}"))}
        """;

    private static readonly string[] s_headers = ["component", "points", "lasting", "absorbed", "pairs", "bytes left", "maps left", "threads", "descriptors"];

    public static Command Create(RunSession session)
    {
        ValueOption<string?> component = OptionFactory.Word<string?>(
            "--component",
            "Only this component. Default: all",
            null,
            [.. InitScenarios.All.Select(s => (s.Name, (string?)s.Name))]);
        component.HelpName = "NAME";
        Command command = new("init-sweep", "Make every fallible step of building a component fail; prove that nothing is left behind")
        {
            Options = { component },
        };
        CommonOptions common = new(command);
        command.SetAction(parse => session.Run(
            new RunReport("init-sweep", common.SeedOf(parse)),
            common.JsonOf(parse),
            (report, console, interruption) => Execute(component.ValueIn(parse), report, console, interruption)));
        return command;
    }

    public static void Execute(string? only, RunReport report, ProgramConsole console, CancellationToken interruption)
    {
        console.Heading("init sweep");
        List<ComponentResult> results = [];
        foreach (InitScenario scenario in InitScenarios.All)
        {
            if (only is not null && only != scenario.Name)
                continue;
            if (interruption.IsCancellationRequested)
                break;
            ComponentResult result = console.Busy($"sweeping {scenario.Name}", () => new ComponentSweep(scenario).Run(interruption));
            results.Add(result);
            report.Add(result);
        }

        if (results.Count != 0)
            console.Grid(s_headers, [.. results.Select(RowOf)]);
    }

    private static string[] RowOf(ComponentResult result) =>
    [
        result.Name,
        Text.Count(result.FaultPoints),
        Text.Count(result.LastingFaults),
        Text.Count(result.AbsorbedFaults),
        Text.Count(result.Pairs),
        Text.Count(result.LeakedBytes),
        Text.Count(result.LeftoverMappings),
        Text.Count(result.LeftoverThreads),
        Text.Count(result.LeftoverDescriptors),
    ];
}
