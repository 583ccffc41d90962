using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tests.Stress;

/// <summary>What one of our programs, run within the process, returned and printed.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Error)
{
    public static ProgramRun Of(Func<string[], ProgramConsole, TextWriter, TextWriter, int> program, string[] args)
    {
        StringWriter output = new();
        StringWriter error = new();
        int exitCode = program(args, new ProgramConsole(output, interactive: false), output, error);
        return new ProgramRun(exitCode, output.ToString(), error.ToString());
    }
}
