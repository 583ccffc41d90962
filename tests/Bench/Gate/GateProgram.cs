using MagAlloc.Bench.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tests.Bench.Gate;

/// <summary>Runs <c>bench gate</c> within the process, with baselines in a folder of their own, and keeps what it printed.</summary>
internal sealed class GateProgram : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gate").FullName;

    public string Baselines => Path.Combine(_folder, "baselines.json");

    public string Json => Path.Combine(_folder, "verdicts.json");

    public string Output { get; private set; } = string.Empty;

    public string Error { get; private set; } = string.Empty;

    public int Run(params string[] args)
    {
        StringWriter output = new();
        StringWriter error = new();
        int exitCode = BenchCommandLine.Run(["gate", .. args], new ProgramConsole(output, interactive: false), output, error);
        Output = output.ToString();
        Error = error.ToString();
        return exitCode;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
