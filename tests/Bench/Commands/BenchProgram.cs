using MagAlloc.Bench.Commands;
using MagAlloc.Stress.Reporting;

namespace MagAlloc.Tests.Bench.Commands;

/// <summary>Runs the bench program within the process and keeps what it printed; its children are real processes.</summary>
internal sealed class BenchProgram
{
    private BenchProgram(int exitCode, string output, string error)
    {
        ExitCode = exitCode;
        Output = output;
        Error = error;
    }

    public int ExitCode { get; }

    public string Output { get; }

    public string Error { get; }

    public static BenchProgram Run(params string[] args)
    {
        StringWriter output = new();
        StringWriter error = new();
        int exitCode = BenchCommandLine.Run(args, new StressConsole(output, interactive: false), output, error);
        return new BenchProgram(exitCode, output.ToString(), error.ToString());
    }
}
