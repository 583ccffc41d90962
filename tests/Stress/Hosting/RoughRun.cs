using System.Diagnostics;
using System.Globalization;
using MagAlloc.Bench.Commands;
using MagAlloc.Stress.Commands;
using MagAlloc.Tests.Stress.Analysis;

namespace MagAlloc.Tests.Stress.Hosting;

/// <summary>A program in a process of its own, started by a shell that has taken something from it.</summary>
internal sealed record RoughRun(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static string PathOf(string program) =>
        Path.ChangeExtension((program == "stress" ? typeof(StressCommandLine) : typeof(BenchCommandLine)).Assembly.Location, null);

    /// <param name="command">What a shell understands; <c>stress</c> and <c>bench</c> at its head are the programs.</param>
    /// <param name="place">What is done to it; {} stands for the command.</param>
    /// <param name="onThread">Done first, on the thread that starts the shell: what it does to itself the shell inherits.</param>
    public static RoughRun Of(string command, string place = "{}", Action? onThread = null)
    {
        using TemporaryFolder folder = new();
        string program = command.Split(' ')[0];
        string full = $"'{PathOf(program)}'{command[program.Length..]}";
        string script = place.Replace("{}", full, StringComparison.Ordinal).Replace("{code}", $"echo $? > '{folder["code"]}'", StringComparison.Ordinal);
        if (!place.Contains("{code}", StringComparison.Ordinal))
            script = $"({script}); echo $? > '{folder["code"]}'";
        ProcessStartInfo start = new("/bin/sh", ["-c", $"exec < /dev/null > '{folder["out"]}' 2> '{folder["err"]}'; {script}"]);
        Process? shell = null;
        Thread starter = new(() =>
        {
            onThread?.Invoke();
            shell = Process.Start(start);
        });
        starter.Start();
        starter.Join();
        using (shell!)
        {
            if (!shell!.WaitForExit(s_patience))
            {
                shell.Kill(entireProcessTree: true);
                Assert.Fail($"{script} does not end; it wrote {File.ReadAllText(folder["out"])}");
            }
        }

        return new RoughRun(int.Parse(File.ReadAllText(folder["code"]), CultureInfo.InvariantCulture), File.ReadAllText(folder["out"]), File.ReadAllText(folder["err"]));
    }
}
