using MagAlloc.Bench.Iova;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>Prints the comparison of address-range allocators for a person.</summary>
internal static class IovaTable
{
    public static void Print(ProgramConsole console, IovaFindings findings)
    {
        console.Grid(
            ["workload", "threads", "iova ns", "kernel model ns", "× iova", "with spinlocks ns", "× iova", "heap ns"],
            [.. findings.OverKernel.Select(row => Row(findings, row.Workload, row.Threads, row.Locked, row.Spinning))]);
        if (findings.PairOverHeap is { } pair)
            console.Line($"pair: {Figure.Ratio(pair)} × the heap's pair");
        if (findings.FragmentedOverEmpty is { } fragmented)
            console.Line($"aligned requests between 100,000 ranges: {Figure.Ratio(fragmented)} × those in an empty space");
    }

    private static string[] Row(IovaFindings findings, string workload, int threads, double locked, double spinning) =>
    [
        workload,
        Text.Count(threads),
        Ns(findings, workload, threads, IovaContender.DomainName),
        Ns(findings, workload, threads, IovaContender.KernelName),
        Text.Number(locked, "0.0"),
        Ns(findings, workload, threads, IovaContender.KernelSpinName),
        Text.Number(spinning, "0.0"),
        Ns(findings, workload, threads, IovaComparison.HeapName),
    ];

    private static string Ns(IovaFindings findings, string workload, int threads, string contender) =>
        Figure.Nanoseconds(IovaFindings.Find(findings.Lines, workload, threads, contender)?.Summary.Median);
}
