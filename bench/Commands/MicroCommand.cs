using System.CommandLine;
using BenchmarkDotNet.Jobs;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary><c>bench micro</c>: single steps of the engine under BenchmarkDotNet.</summary>
internal static class MicroCommand
{
    /// <summary>What follows the generated help.</summary>
    public const string Guide = """
        All other arguments go to BenchmarkDotNet as they are: --filter, --list flat, --iterationCount, --exporters, … Results, with the
        disassembly of every benchmark (*-asm.md), come to BenchmarkDotNet.Artifacts in this folder. Behind them follow the
        number of instructions and the bytes of code of every hot method.

        Benchmarks:
          PairBenchmarks       allocate and free: default calls, sized free, handle, pool
          ExchangeBenchmarks   the same within the magazines of a thread, and through the depot
          SlabBenchmarks       blocks claimed from a slab and given back
          LookUpBenchmarks     size class of a size, page map and block of an address

        Examples:
          bench micro                                       all of it, about ten minutes
          bench micro --job short --filter *Pair*           the fast paths, about two minutes
          bench micro --job dry                             does everything run?

        Exit code: 0 every benchmark has a result, 1 one has none, 2 usage.
        """;

    public static Command Create(ProgramConsole console)
    {
        ValueOption<Job> job = OptionFactory.Word(
            "--job",
            "How long is measured. Default: default",
            Job.Default,
            ("dry", Job.Dry),
            ("short", Job.ShortRun),
            ("medium", Job.MediumRun),
            ("long", Job.LongRun),
            ("default", Job.Default));
        Command command = new("micro", "Measure single steps of the engine with BenchmarkDotNet; its arguments are taken, too")
        {
            Options = { job },
            TreatUnmatchedTokensAsErrors = false,
        };
        command.SetAction(parse =>
        {
            using IDisposable end = Host.EndWithOutput("bench");
            return MicroRun.Execute(job.ValueIn(parse), parse.UnmatchedTokens, console);
        });
        return command;
    }
}
