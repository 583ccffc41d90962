using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using MagAlloc.Bench.Micro;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary>Runs BenchmarkDotNet and makes sure that it did.</summary>
internal static class MicroRun
{
    private const int CallDepth = 2;

    public static int Execute(Job job, IReadOnlyList<string> arguments, ProgramConsole console)
    {
        DisassemblyDiagnoser disassembly = new(new DisassemblyDiagnoserConfig(maxDepth: CallDepth));
        IConfig config = DefaultConfig.Instance
            .AddJob(job.WithRuntime(CurrentToolchain.Runtime).WithToolchain(new CurrentToolchain()).AsDefault())
            .AddDiagnoser(MemoryDiagnoser.Default, disassembly)
            .HideColumns(Column.Job, Column.Runtime, Column.Toolchain);

        // Without a filter it would ask which, and wait.
        bool filters = arguments.Any(a => a is "-f" or "--filter" || a.StartsWith("--filter=", StringComparison.Ordinal));
        string[] all = filters ? [] : ["--filter", "*"];
        bool lists = arguments.Any(a => a.StartsWith("--list", StringComparison.Ordinal));
        Summary[] summaries = [.. BenchmarkSwitcher.FromAssembly(typeof(MicroRun).Assembly).Run([.. arguments, .. all], config)];
        if (lists)
            return ExitCode.Pass;

        // It exits with success when it refused an argument, built nothing or ran nothing: only results are success.
        BenchmarkCase[] expected = [.. summaries.SelectMany(s => s.BenchmarksCases)];
        string[] missing = [.. expected.Where(c => !summaries.Any(s => s[c]?.ResultStatistics is not null)).Select(c => c.DisplayInfo)];
        if (expected.Length == 0 || missing.Length != 0)
        {
            console.Failure(expected.Length == 0
                ? "micro: no benchmark ran; its messages above tell why (a filter that fits none, an argument that it does not know?)"
                : $"micro: no result of {string.Join("; ", missing)}");
            return ExitCode.Failure;
        }

        if (!MicroTable.PrintDisassembled(console, disassembly))
            console.Line("the disassembler found nothing in this run");
        MicroTable.PrintListed(console);
        return ExitCode.Pass;
    }
}
