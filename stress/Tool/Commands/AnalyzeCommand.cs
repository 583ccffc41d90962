using System.CommandLine;
using MagAlloc.Tool.Analysis;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tool.Commands;

/// <summary><c>analyze</c>: says what a trace says.</summary>
internal static class AnalyzeCommand
{
    public static string Guide(string program, TracedPrograms programs) => $$"""
        Examples:
          {{program}} trace -o run.nettrace -- {{programs.Sample}}       collect a trace
          {{program}} analyze run.nettrace                       what it says, in words and figures
          {{program}} analyze run.nettrace --html run.html       one page with charts; nothing is fetched, no script runs
          {{program}} analyze run.nettrace --json run.json --stacks 50

        Any .nettrace file with the provider MagAlloc will do, for instance one of dotnet-trace:
          dotnet-trace collect -p PID --providers MagAlloc:0x1FFF:5,Microsoft-Windows-DotNETRuntime:0x1:4

        A trace whose process or tracer was killed is read as far as it goes: standard error, JSON ("complete": false) and the page say where it
        breaks off. --strict refuses it.

        "sites", "topStacks", "anomalies", "owners" and "threads" in the JSON file have what the page shows. Anomalies do not fail the
        command: exit code 0 if the trace could be read, 2 if not.
        """;

    private const int DefaultStacks = 20;

    public static Command Create(CommandSession session)
    {
        Argument<string> file = new("file") { Description = "Trace file (*.nettrace)", HelpName = "FILE.nettrace" };
        ValueOption<string?> json = OptionFactory.Path("--json", "Also write the analysis as JSON to this file");
        ValueOption<string?> html = OptionFactory.Path("--html", "Also write the analysis as one HTML page to this file");
        ValueOption<string?> speedscope = OptionFactory.Path("--speedscope", "Also write the stacks as a profile for https://www.speedscope.app to this file");
        Option<bool> strict = new("--strict") { Description = "Refuse a trace that has no end (exit code 2)" };
        ValueOption<int> stacks = OptionFactory.Whole("--stacks", $"Call stacks to list in the files. Default: {DefaultStacks}", DefaultStacks, 1, 10_000);
        Command command = new("analyze", "Say what a trace says: memory over time, reclaim, exchanges, who allocates, anomalies")
        {
            Arguments = { file },
            Options = { json, html, speedscope, strict, stacks },
        };
        command.SetAction(parse => session.Run((console, interruption) => AnalyzeRun.Execute(
            new AnalyzeRequest
            {
                Program = session.Program,
                File = parse.GetValue(file) ?? string.Empty,
                JsonFile = json.ValueIn(parse),
                HtmlFile = html.ValueIn(parse),
                SpeedscopeFile = speedscope.ValueIn(parse),
                Strict = parse.GetValue(strict),
                Stacks = stacks.ValueIn(parse),
            },
            console,
            session.Complain,
            interruption)));
        return command;
    }
}
