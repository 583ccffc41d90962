using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Disassemblers;
using MagAlloc.Bench.Gate.Code;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Micro;

/// <summary>Prints the size of the machine code behind the figures.</summary>
internal static class MicroTable
{
    /// <summary>What the disassembler found in the benchmarks that ran: loops, and methods not inlined into them.</summary>
    /// <returns>False when it found nothing.</returns>
    public static bool PrintDisassembled(ProgramConsole console, DisassemblyDiagnoser diagnoser)
    {
        string[][] rows =
        [
            .. diagnoser.Results.Values
                .SelectMany(result => result.Methods)
                .Where(method => method.Problem is null && method.Name.StartsWith(nameof(MagAlloc), StringComparison.Ordinal))
                .Select(method => (method.Name, Code: InstructionsOf(method)))
                .DistinctBy(method => (method.Name, method.Code.Length))
                .OrderBy(method => method.Name, StringComparer.Ordinal)
                .Select(method => Row(method.Name, method.Code)),
        ];
        if (rows.Length == 0)
            return false;
        console.Heading("code as it ran, profile and inlining included");
        console.Grid(["method", "instructions", "bytes"], rows);
        return true;
    }

    /// <summary>The hot methods as the gate watches them.</summary>
    public static void PrintListed(ProgramConsole console)
    {
        IReadOnlyList<JitMethod> listing = HotMethodListing.Read();
        console.Heading("hot methods, compiled without a profile: as the gate watches them");
        console.Grid(
            ["method", "instructions", "bytes", "locked"],
            [.. HotMethods.All.Select(hot => Row(hot, JitListing.Find(listing, hot.ListedAs)))]);
    }

    private static Asm[] InstructionsOf(DisassembledMethod method) =>
        [.. method.Maps.SelectMany(map => map.SourceCodes).OfType<Asm>()];

    private static string[] Row(string name, Asm[] code) =>
        [name, Text.Count(code.Length), Text.Count(code.Sum(i => i.InstructionLength))];

    private static string[] Row(HotMethod hot, JitMethod? code) => code is null
        ? [hot.ListedAs, "–", "–", "–"]
        : [code.Name, Text.Count(code.Instructions), Text.Count(code.CodeBytes), Text.Count(code.Locked.Count)];
}
