using MagAlloc.Bench.Commands;
using MagAlloc.Tests.Stress;

namespace MagAlloc.Tests.Bench.Commands;

/// <summary>The bench program within the process; its children are real processes.</summary>
internal static class BenchProgram
{
    public static ProgramRun Run(params string[] args) => ProgramRun.Of(BenchCommandLine.Run, args);
}
