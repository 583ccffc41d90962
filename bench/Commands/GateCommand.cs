using System.CommandLine;
using MagAlloc.Bench.Gate.Baselines;
using MagAlloc.Bench.Gate.Verdicts;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary><c>bench gate</c>: has the engine become slower or larger than its baselines?</summary>
internal static class GateCommand
{
    /// <summary>What follows the generated help.</summary>
    public static string Guide { get; } = $"""
        Classes of entries in {BaselineStore.FileName}:
          exact   Counted, the same every time: locked instructions and managed bytes of the fast paths (0 on every machine),
                  instructions and code bytes of the hot methods, depot exchanges per 1,000 calls, the committed peak of each trace.
                  Any difference fails, a better one too: then record it. On another runtime or architecture than the baseline's
                  code may differ by {GateJudge.ForeignAllowance * 100:0} %.
          ratio   Time against a frozen reference allocator in the same rounds, in processes of their own. Fails when it is slower by
                  more than the entry's threshold and floor, by a Mann-Whitney test of the rounds, and so again when it is measured once
                  more. On another processor than the baseline's the threshold is {GateJudge.ForeignThreshold * 100:0} %.
          report  Nanoseconds and resident sets, for people. Never fails by its value.
        An entry that is missing, new, renamed, twice there or measured over nothing fails in every class.

        Examples:
          bench gate                                    about 90 s on two cores
          bench gate --entry ratio-pair-64              one entry only
          bench gate --update                           record what is measured now: the median of {GateRun.UpdateRuns} runs
          bench gate --json gate.json                   also for machines

        Exit code: 0 all pass, 1 an entry fails, 2 usage, or the baselines cannot be read.
        """;

    public static Command Create(ProgramConsole console)
    {
        Option<string[]> entries = new("--entry")
        {
            Description = "Entries to look at. Default: all",
            HelpName = "NAME…",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> update = new("--update") { Description = "Record the baselines instead of comparing with them" };
        ValueOption<string?> baselines = OptionFactory.Path(
            "--baselines", $"The baselines. Default: {BaselineStore.FileName} in this folder or one above", accepted: "the path of a file");
        ValueOption<string?> json = OptionFactory.Path("--json", "Also write the verdicts as JSON to this file");
        Command command = new("gate", $"Compare with {BaselineStore.FileName}; exit code 1 when something has become worse")
        {
            Options = { entries, update, baselines, json },
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(update) && result.GetResult(json) is not null)
                result.AddError("--json: there are no verdicts with --update; give one of the two");
        });
        command.SetAction(parse =>
        {
            string path = baselines.ValueIn(parse) ?? BaselineStore.Find()
                ?? throw new UsageException(
                    $"--baselines: there is no {BaselineStore.FileName} in this folder or one above; give the path of one");
            string[]? wanted = parse.GetValue(entries) is { Length: > 0 } given ? given : null;
            GateRun run = new(path, wanted, console);
            return parse.GetValue(update) ? run.Update() : run.Check(json.ValueIn(parse));
        });
        return command;
    }
}
