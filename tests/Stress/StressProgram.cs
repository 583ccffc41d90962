using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Reporting;

namespace MagAlloc.Tests.Stress;

/// <summary>Runs the stress program within the process and keeps what it printed.</summary>
internal sealed class StressProgram
{
    private StressProgram(int exitCode, string output, string error)
    {
        ExitCode = exitCode;
        Output = output;
        Error = error;
    }

    public int ExitCode { get; }

    public string Output { get; }

    public string Error { get; }

    public static StressProgram Run(params string[] args)
    {
        StringWriter output = new();
        StringWriter error = new();
        int exitCode = StressCommandLine.Run(args, new StressConsole(output, interactive: false), output, error);
        return new StressProgram(exitCode, output.ToString(), error.ToString());
    }
}
