using System.CommandLine;
using MagAlloc.Bench.Children;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary>The program's command line.</summary>
internal static class BenchCommandLine
{
    private const string Examples = """
        Examples:
          bench compare --quick       every contender at every workload, in about ten minutes
          bench micro --job short     single steps of the engine, with their machine code
          bench iova                  the address-range domain against a model of the kernel's
          bench share                 frames to another process, beside a mapped file and a pipe
          bench gate                  has anything become worse than its baseline?
          bench compare --help        what is measured, how, and by which names
          bench micro --help          which steps, and what BenchmarkDotNet takes
          bench iova --help           which workloads of address ranges
          bench share --help          which workloads of frames
          bench gate --help           what is watched, and how strictly
        """;

    /// <summary>Parses and runs; returns the exit code.</summary>
    public static int Run(string[] args, ProgramConsole console, TextWriter output, TextWriter error) =>
        ProgramLine.Run("bench", Create(console), args, output, error);

    private static RootCommand Create(ProgramConsole console)
    {
        RootCommand root = new("Measures MagAlloc against what a .NET program would use in its place.")
        {
            Subcommands =
            {
                CompareCommand.Create(console),
                MicroCommand.Create(console),
                IovaCommand.Create(console),
                ShareCommand.Create(console),
                GateCommand.Create(console),
                GateChildCommand.CreateRounds(),
                GateChildCommand.CreateCode(),
            },
        };
        ProgramLine.AddGuides(root, name => name switch
        {
            "compare" => CompareCommand.Guide,
            "micro" => MicroCommand.Guide,
            "iova" => IovaCommand.Guide,
            "share" => ShareCommand.Guide,
            "gate" => GateCommand.Guide,
            "" => Examples,
            _ => null,
        });
        return root;
    }
}
