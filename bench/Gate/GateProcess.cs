using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MagAlloc.Bench.Children;

namespace MagAlloc.Bench.Gate;

/// <summary>Runs this program again, for what needs a fresh process or another environment.</summary>
internal static class GateProcess
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    /// <summary>Returns what it wrote.</summary>
    /// <exception cref="ChildFailedException">It cannot be started, fails, or does not end.</exception>
    public static string Run(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        ProcessStartInfo start = new(Host(), ["exec", Path.Combine(AppContext.BaseDirectory, "bench.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new ChildFailedException($"cannot start '{start.FileName}': {e.Message}");
        }

        using (process)
            return OutputOf(process, arguments[0]);
    }

    // The host that belongs to the runtime of this process, whoever started it: bench's own executable, dotnet or a test host.
    private static string Host()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(host) ? host : name;
    }

    private static string OutputOf(Process process, string what)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_longest))
        {
            process.Kill(entireProcessTree: true);
            throw new ChildFailedException($"{what}: no end after {s_longest.TotalMinutes} minutes");
        }

        if (process.ExitCode == 0)
            return output.Result;
        string[] lines = errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string reason = lines.FirstOrDefault("no message");
        throw new ChildFailedException($"{what}: exit code {process.ExitCode}: {reason}");
    }
}
