using System.CommandLine;
using System.Text.Json;
using MagAlloc.Bench.Children;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Gate.Code;
using MagAlloc.Bench.Gate.Rounds;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Commands;

/// <summary>The hidden commands that <c>bench gate</c> calls in processes of their own.</summary>
internal static class GateChildCommand
{
    public const string Rounds = "gate-rounds";
    public const string Code = "gate-code";

    public static Command CreateCode()
    {
        Command command = new(Code, "Compiles the hot methods, for the JIT to list them") { Hidden = true };
        command.SetAction(_ =>
        {
            HotMethods.Compile();
            return ExitCode.Pass;
        });
        return command;
    }

    public static Command CreateRounds()
    {
        Argument<string> workload = new("workload");
        Argument<string[]> contenders = new("contenders");
        Command command = new(Rounds, "Measures the rounds of a ratio and prints them as JSON")
        {
            Arguments = { workload, contenders },
            Hidden = true,
        };
        command.SetAction(parse =>
        {
            string[] names = parse.GetValue(contenders)!;
            RoundsReport report = parse.GetValue(workload) == IovaRounds.Workload
                ? IovaRounds.Execute()
                : RoundsRun.Execute(
                    WorkloadCatalog.All.Single(w => w.Name == parse.GetValue(workload)),
                    [.. names.Select(name => ContenderCatalog.All.Single(c => c.Name == name))]);
            parse.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(report, ChildJson.Default.RoundsReport));
            return ExitCode.Pass;
        });
        return command;
    }
}
