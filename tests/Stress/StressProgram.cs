using MagAlloc.Stress.Commands;

namespace MagAlloc.Tests.Stress;

/// <summary>The stress program within the process.</summary>
internal static class StressProgram
{
    public static ProgramRun Run(params string[] args) => ProgramRun.Of(StressCommandLine.Run, args);
}
