using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using MagAlloc.Stress.Commands;
using MagAlloc.Tests.Stress;
using MagAlloc.Tests.Stress.Analysis;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Docs;

/// <summary>
/// The command lines for other tools that docs/observability.md and <c>stress analyze --help</c> print, run as they are against a real process; what comes of them is
/// looked at. Skipped where the tools cannot be installed.
/// </summary>
[Platform("Linux")]
[NonParallelizable]
internal sealed partial class RecipeTests
{
    private const string ToolVersion = "10.0.750501";

    private static readonly TimeSpan s_installPatience = TimeSpan.FromSeconds(60);

    private TemporaryFolder _folder = null!;
    private ExternalProgram? _hammer;

    private static IEnumerable<string> TraceRecipes =>
    [
        .. Lines().Where(line => line.StartsWith("dotnet-trace", StringComparison.Ordinal)),
        .. StressProgram.Run("analyze", "--help").Output.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("dotnet-trace", StringComparison.Ordinal)),
    ];

    [OneTimeSetUp]
    public void Install()
    {
        _folder = new TemporaryFolder();
        foreach (string tool in new[] { "dotnet-trace", "dotnet-counters" })
        {
            ProcessStartInfo start = new("dotnet", ["tool", "install", tool, "--version", ToolVersion, "--tool-path", _folder["tools"]])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process install = Process.Start(start)!;
            Task<string> output = install.StandardOutput.ReadToEndAsync();
            Task<string> error = install.StandardError.ReadToEndAsync();
            if (!install.WaitForExit(s_installPatience))
                install.Kill(entireProcessTree: true);
            install.WaitForExit();

            // The tools are Microsoft's and come from a package index, which a machine without a network does not reach. Our own tool is tried without one.
            if (install.ExitCode != 0)
                Assert.Ignore($"{tool} {ToolVersion} cannot be installed, so its command lines are not tried: {error.Result}{output.Result}");
        }

        _hammer = ExternalProgram.Stress("hammer", "--threads", "2", "--seconds", "300");
        _hammer.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));
    }

    [OneTimeTearDown]
    public void DeleteFolder()
    {
        _hammer?.Dispose();
        _folder.Dispose();
    }

    /// <summary>With the command line for Speedscope behind the one whose file it reads: a profile without samples is none.</summary>
    [Test]
    public void Each_line_for_dotnet_trace_makes_a_trace_that_can_be_analyzed_and_a_profile_with_samples()
    {
        string[] recipes = [.. TraceRecipes.Distinct()];
        Assert.That(recipes, Has.Length.GreaterThanOrEqualTo(3));
        foreach (string recipe in recipes)
        {
            Assert.That(recipe, Does.Not.Contain("--format"), "dotnet-trace makes no profile of sampled allocations");
            string file = OutputOption().Match(recipe) is { Success: true } given ? given.Groups[1].Value : "trace.nettrace";
            Shell($"{recipe.Replace("PID", $"{_hammer!.Id}", StringComparison.Ordinal)} --duration 00:00:02{(file == "trace.nettrace" ? " -o trace.nettrace" : string.Empty)}");

            ProgramRun run = StressProgram.Run("analyze", _folder[file], "--strict", "--speedscope", _folder["profile.json"]);

            Assert.That(run.ExitCode, Is.Zero, $"{recipe}: {run.Error}");
            Assert.That(run.Output, Does.Match(@"depot exchanges: [1-9]").And.Contain("hammer"), recipe);
            AssertHasSamples(_folder["profile.json"]);
        }

        foreach (string recipe in Lines().Where(line => line.StartsWith("magalloc analyze some.nettrace", StringComparison.Ordinal)))
        {
            // The tool as it was built: its package is another test's.
            Shell(recipe.Replace("magalloc ", "MagAlloc.Tool ", StringComparison.Ordinal));
            AssertHasSamples(_folder["some.speedscope.json"]);
        }
    }

    [Test]
    public void The_line_for_the_first_instruction_makes_a_trace()
    {
        string recipe = Lines().Single(line => line.StartsWith("DOTNET_EnableEventPipe", StringComparison.Ordinal));

        Shell(recipe.Replace("app.dll", $"'{typeof(StressCommandLine).Assembly.Location}' hammer --threads 1 --seconds 1", StringComparison.Ordinal));

        // The runtime names the file, if nobody else does.
        string file = Directory.GetFiles(_folder["."], "*.nettrace").MaxBy(File.GetLastWriteTimeUtc)!;
        ProgramRun run = StressProgram.Run("analyze", file);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("hammer"));
    }

    [Test]
    public void The_line_for_dotnet_counters_shows_the_instruments()
    {
        string recipe = Lines().Single(line => line.StartsWith("dotnet-counters", StringComparison.Ordinal));

        string output = Shell($"{recipe.Replace("PID", $"{_hammer!.Id}", StringComparison.Ordinal)} --duration 00:00:08");

        // Without a terminal the tool shows what fits on 24 lines, by name: the classes alone are more.
        Assert.That(output, Does.Contain("[MagAlloc]").And.Contain("magalloc.class.allocated").And.Contain("hammer"));
    }

    private static void AssertHasSamples(string file)
    {
        using JsonDocument profile = JsonDocument.Parse(File.ReadAllText(file));
        Assert.That(profile.RootElement.GetProperty("profiles")[0].GetProperty("samples").GetArrayLength(), Is.Positive);
        Assert.That(
            profile.RootElement.GetProperty("shared").GetProperty("frames").EnumerateArray().Select(frame => frame.GetProperty("name").GetString()),
            Has.Some.Contains("HammerLane"));
    }

    /// <summary>Of all blocks for a shell, without what is explained behind them.</summary>
    private static IEnumerable<string> Lines() =>
        Repository.Blocks("observability.md", "sh").SelectMany(block => block.Split('\n')).Select(line => line.Split(" #")[0].Trim());

    private string Shell(string command)
    {
        string stress = Path.GetDirectoryName(typeof(StressCommandLine).Assembly.Location)!;
        using ExternalProgram shell = ExternalProgram.Start("/bin/sh", "-c", $"cd '{_folder["."]}' && PATH=\"{_folder["tools"]}:{stress}:$PATH\" && {command}");
        Assert.That(shell.AwaitEnd(), Is.Zero, $"{command}: {shell.Output}");
        return shell.Output;
    }

    [GeneratedRegex(@"-o (\S+)")]
    private static partial Regex OutputOption();
}
